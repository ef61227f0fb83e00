"""The tables of this room, gathered for Django."""

from models_registry.tables.release import ReleasedAttribute
from models_registry.tables.rules import ScoringRule
from models_registry.tables.run import TrainingRun, Trigger
from models_registry.tables.version import ModelArtefact, ModelVersion

__all__ = ["ModelArtefact", "ModelVersion", "ReleasedAttribute", "ScoringRule", "TrainingRun", "Trigger"]
