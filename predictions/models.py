"""The tables of this room, gathered for Django."""

from predictions.tables.batch import PredictionBatch, ScoreChunk
from predictions.tables.job import ScoreJob
from predictions.tables.prediction import VECTOR, Method, Prediction
from predictions.tables.quality import Quality, QualityKind
from predictions.tables.shadow import ShadowPrediction

__all__ = [
    "VECTOR",
    "Method",
    "Prediction",
    "PredictionBatch",
    "Quality",
    "QualityKind",
    "ScoreChunk",
    "ScoreJob",
    "ShadowPrediction",
]
