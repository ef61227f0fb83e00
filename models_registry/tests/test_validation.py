"""What is checked before a version may be active, and that a failed check keeps it from it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from common.tests.people import staff
from leads.features import Kind, LabelledRows
from leads.tests.cast import a_past
from models_registry import gate, validation
from models_registry.learning.fit import Learned
from models_registry.models import ModelVersion, Policy, TrainingCheck
from models_registry.tests.artefacts import small
from models_registry.tests.cast import a_run
from models_registry.tests.learning.simulated import leads
from models_registry.validation import Check

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows() -> LabelledRows:
    return leads(300, seed=1)[0]


@pytest.fixture
def learned(rows: LabelledRows) -> Learned:
    """As `small`, with a fixed feature in the place of the attribute."""
    return renamed("events.always_the_same.count", "amount")


def renamed(name: str, other: str) -> Learned:
    made = small()
    features = tuple(replace(f, name=other) if f.name == name else f for f in made.model.features)
    model = replace(made.model, encoder=replace(made.model.encoder, features=features), golden=None)
    return replace(made, model=model)


def by_name(checks: tuple[Check, ...]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_run_keeps_each_check_with_its_words_and_figures() -> None:
    a_past()
    run = a_run()
    checks = {check.name: check for check in run.checks.all()}
    assert list(checks) == ["schema", "leakage", "calibration", "behaviour", "gate"]
    assert all(check.passed for check in checks.values()), [check.words for check in checks.values()]
    assert run.version is not None
    assert checks["schema"].evidence["digest"] == run.version.digest
    assert checks["gate"].words == run.verdict
    assert {"error", "error_high", "limit"} <= set(checks["calibration"].evidence)
    page = staff().get(f"/admin/models_registry/trainingrun/{run.pk}/change/").content.decode()
    for check in checks.values():
        assert check.name in page
    assert run.to_json()["checks"][0]["words"] == checks["schema"].words


def test_a_failed_check_registers_the_version_and_does_not_activate_it(monkeypatch: pytest.MonkeyPatch) -> None:
    a_past()
    failing = (Check("schema", True, "fine"), Check("behaviour", False, "It falls.", {"change": {"1": -0.2}}))
    monkeypatch.setattr(gate, "validate", lambda *_: failing)
    run = a_run()
    assert run.version is not None
    assert not run.activated
    assert run.verdict == "Not activated: It falls."
    assert run.evidence["failed"] == ["behaviour"]
    assert not ModelVersion.objects.active().exists()
    assert [(each.name, each.passed) for each in run.checks.all()] == [
        ("schema", True),
        ("behaviour", False),
        ("gate", True),
    ]
    assert run.checks.get(name="gate").words == "No version was active before."


def test_the_behaviour_check_is_the_organisations_to_switch_off() -> None:
    a_past()
    Policy.objects.create(behaviour_check=False)
    assert "behaviour" not in set(a_run().checks.values_list("name", flat=True))
    assert TrainingCheck.objects.count() == 4


def test_a_model_with_a_feature_of_no_catalogue_fails() -> None:
    check = validation.schema(renamed("has_property", "has_a_property"))
    assert not check.passed
    assert check.words == "Not in the catalogue: has_a_property."


def test_a_known_name_of_another_kind_fails_too(learned: Learned) -> None:
    features = tuple(replace(f, kind=Kind.CATEGORY) if f.name == "amount" else f for f in learned.model.features)
    other = replace(learned, model=replace(learned.model, encoder=replace(learned.model.encoder, features=features)))
    assert not validation.schema(other).passed


def test_a_model_whose_artefact_does_not_read_back_fails(learned: Learned) -> None:
    whole = small()
    assert whole.model.golden is not None
    false = replace(whole.model.golden, probability=whole.model.golden.probability + 0.1)
    features = learned.model.features
    golden = replace(false, columns={f.name: c for f, c in zip(features, false.columns.values(), strict=True)})
    check = validation.schema(replace(learned, model=replace(learned.model, golden=golden)))
    assert not check.passed
    assert "cannot be read back" in check.words
    assert validation.schema(learned).passed


@pytest.mark.parametrize(
    ("verdict", "importance", "passes"),
    [
        ("suspect", 0.4, False),
        ("later", 0.4, False),
        ("released", 0.4, True),
        ("clear", 0.4, True),
        ("suspect", 0, True),
    ],
)
def test_what_the_guard_keeps_away_may_not_be_read(
    learned: Learned, verdict: str, importance: float, passes: bool
) -> None:
    card = {"leakage": [{"feature": "source", "verdict": verdict}]}
    made = replace(learned, card=card, importance=[{"feature": "source", "importance": importance}])
    check = validation.leakage(made)
    assert check.passed is passes
    assert passes or "source" in check.words


def test_a_calibration_that_chance_does_not_explain_fails_above_the_setting(
    rows: LabelledRows, learned: Learned, settings: Any
) -> None:
    settings.ML_CALIBRATION_ERROR = 0.1
    newest = rows.take(learned.holdout.rows)
    assert validation.calibration(newest, learned).passed
    boastful = replace(learned, holdout=replace(learned.holdout, probability=np.full(len(newest), 0.9)))
    check = validation.calibration(newest, boastful)
    assert not check.passed
    assert check.evidence["error"] > check.evidence["error_high"]
    settings.ML_CALIBRATION_ERROR = 0.95
    assert validation.calibration(newest, boastful).passed
