"""A process reads a model once, also where it serves many organisations."""

import pytest

from models_registry import artefacts
from models_registry.monitoring import LOADS
from models_registry.tests.artefacts import kept

pytestmark = pytest.mark.django_db


def loaded() -> float:
    return float(LOADS.labels("loaded")._value.get())


def test_organisations_that_take_turns_are_served_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefacts, "_memory", artefacts._Memory())
    versions, before = [kept("20260101000000", seed=seed, org_id=f"number {seed}") for seed in range(1, 7)], loaded()
    for _ in range(3):
        for version in versions:
            artefacts.load(version)
    assert loaded() - before == len(versions)
