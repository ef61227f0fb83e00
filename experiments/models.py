"""The tables of this room, gathered for Django."""

from experiments.tables.conversion import ChangedOutcome, Conversion, ConversionSum, PredictionTally
from experiments.tables.day import DayKind, DaySum
from experiments.tables.experiment import (
    ASSIGNING,
    CONTROL,
    NAME_LENGTH,
    TREATMENT,
    Decision,
    Experiment,
    ExperimentStatus,
)
from experiments.tables.exposure import Exposure, PinnedArtefact

__all__ = [
    "ASSIGNING",
    "CONTROL",
    "NAME_LENGTH",
    "TREATMENT",
    "ChangedOutcome",
    "Conversion",
    "ConversionSum",
    "DayKind",
    "DaySum",
    "Decision",
    "Experiment",
    "ExperimentStatus",
    "Exposure",
    "PinnedArtefact",
    "PredictionTally",
]
