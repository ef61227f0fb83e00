"""Trained organisations for tests."""

from __future__ import annotations

from models_registry.models import ModelVersion, TrainingRun, Trigger
from models_registry.training import execute, start_training


def a_run(org_id: str = "default", **options: object) -> TrainingRun:
    """A training run, done here and now; of a forest, which is learnt soonest, where no algorithm is named."""
    options.setdefault("algorithm", "random_forest")
    run = start_training(org_id=org_id, by="tester", trigger=Trigger.COMMAND, enqueue=False, **options)  # type: ignore[arg-type]
    execute(run)
    run.refresh_from_db()
    return run


def a_version(org_id: str = "default", **options: object) -> ModelVersion:
    """A version learnt from the organisation's leads."""
    version = a_run(org_id, **options).version
    assert version is not None
    return version
