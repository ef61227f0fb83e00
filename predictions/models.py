"""The tables of this room, gathered for Django."""

from predictions.tables.job import ScoreJob
from predictions.tables.prediction import Method, Prediction
from predictions.tables.shadow import ShadowPrediction

__all__ = ["Method", "Prediction", "ScoreJob", "ShadowPrediction"]
