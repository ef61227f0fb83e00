"""Experiments for staff: make, start, stop, read."""

from experiments.admin.experiments import ExperimentAdmin
from experiments.admin.exposures import ExposureAdmin

__all__ = ["ExperimentAdmin", "ExposureAdmin"]
