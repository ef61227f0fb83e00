"""The tables of this room, gathered for Django."""

from predictions.tables.job import ScoreJob
from predictions.tables.prediction import Method, Prediction
from predictions.tables.quality import Quality, QualityKind
from predictions.tables.shadow import ShadowPrediction

__all__ = ["Method", "Prediction", "Quality", "QualityKind", "ScoreJob", "ShadowPrediction"]
