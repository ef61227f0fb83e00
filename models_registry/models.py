"""The tables of this room, gathered for Django."""

from models_registry.tables.activation import Act, ModelActivation
from models_registry.tables.check import TrainingCheck
from models_registry.tables.policy import Alarm, AlarmKind, Policy
from models_registry.tables.release import ReleasedAttribute
from models_registry.tables.rules import ScoringRule
from models_registry.tables.run import TrainingRun, Trigger
from models_registry.tables.version import ModelArtefact, ModelVersion

__all__ = [
    "Act",
    "Alarm",
    "AlarmKind",
    "ModelActivation",
    "ModelArtefact",
    "ModelVersion",
    "Policy",
    "ReleasedAttribute",
    "ScoringRule",
    "TrainingCheck",
    "TrainingRun",
    "Trigger",
]
