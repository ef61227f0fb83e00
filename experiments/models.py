"""The tables of this room, gathered for Django."""

from experiments.tables.experiment import ASSIGNING, CONTROL, TREATMENT, Decision, Experiment, ExperimentStatus
from experiments.tables.exposure import Exposure, PinnedArtefact

__all__ = [
    "ASSIGNING",
    "CONTROL",
    "TREATMENT",
    "Decision",
    "Experiment",
    "ExperimentStatus",
    "Exposure",
    "PinnedArtefact",
]
