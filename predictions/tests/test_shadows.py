"""A shadow scores the same leads silently: it is stored, shown to nobody, and may fail without harm."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.audit import AuditEntry
from leads.tests.cast import a_lead, a_past
from models_registry.activation import Archived, activate
from models_registry.archiving import archive_old
from models_registry.artefacts import FailedRehearsal
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.shadowing import AlreadyActive, clear_shadow, set_shadow
from models_registry.tests.artefacts import kept
from models_registry.tests.cast import a_version
from predictions import shadows
from predictions.models import Prediction, ShadowPrediction
from predictions.monitoring import SHADOW_ERRORS
from predictions.scoring import score_leads

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def two_versions() -> tuple[ModelVersion, ModelVersion]:
    """The active one, and another of the same leads with another map, as the shadow."""
    a_past()
    active = a_version()
    shadow = ModelVersion.objects.create(
        version="20990101000000",
        algorithm=active.algorithm,
        digest=active.digest,
        calibration={"a": 1.0, "b": 1.0, "c": 1.5, "clip": 0.001},
    )
    ModelArtefact.objects.create(version=shadow, content=bytes(active.artefact.content))
    return active, set_shadow(org_id="default", version=shadow.version, by="tester", at=NOW, reason="to compare")


def errors(version: str) -> float:
    return float(SHADOW_ERRORS.labels(version)._value.get())


def test_the_shadow_scores_the_same_reading_and_the_answer_is_the_active_ones() -> None:
    active, _ = two_versions()
    leads = [a_lead(), a_lead(source="portal")]
    scored = score_leads(org_id="default", dossiers=leads)
    assert {each.prediction.model_version for each in scored} == {active.version}
    rows = list(ShadowPrediction.objects.order_by("pk"))
    assert [row.prediction_id for row in rows] == [each.prediction.pk for each in scored]
    assert [row.dossier for row in rows] == leads
    assert [row.as_of for row in rows] == [each.prediction.as_of for each in scored]
    for row, each in zip(rows, scored, strict=True):
        assert row.probability > each.prediction.conversion_probability
    assert set(Prediction.objects.values_list("model_version", flat=True)) == {active.version}


def test_beside_the_rules_a_shadow_scores_too() -> None:
    a_past()
    version = a_version()
    ModelVersion.objects.filter(pk=version.pk).update(is_active=False)
    set_shadow(org_id="default", version=version.version, by="tester", at=NOW)
    (scored,) = score_leads(org_id="default", dossiers=[a_lead()])
    assert scored.prediction.method == "RULE_BASED"
    assert ShadowPrediction.objects.get().model_version == version.version


def test_a_shadow_that_fails_harms_nobody_and_is_counted() -> None:
    active, _ = two_versions()
    other = kept("20260101000000", seed=2)
    set_shadow(org_id="default", version=other.version, by="tester", at=NOW)
    ModelArtefact.objects.filter(version=other).delete()
    before = errors(other.version)
    ModelVersion.objects.filter(pk=other.pk).update(digest="0" * 64)
    (scored,) = score_leads(org_id="default", dossiers=[a_lead()])
    assert scored.prediction.model_version == active.version
    assert Prediction.objects.filter(pk=scored.prediction.pk).exists()
    assert not ShadowPrediction.objects.exists()
    assert errors(other.version) == before + 1


def test_a_shadow_that_cannot_be_stored_leaves_the_predictions_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    two_versions()

    def beyond(*_: Any) -> shadows.Shadowed:
        made = score(*_)
        assert made is not None
        return shadows.Shadowed(made.version, made.probability + 5)

    score = shadows.score
    monkeypatch.setattr(shadows, "score", beyond)
    (scored,) = score_leads(org_id="default", dossiers=[a_lead()])
    assert Prediction.objects.filter(pk=scored.prediction.pk).exists()
    assert not ShadowPrediction.objects.exists()


def test_the_number_of_statements_does_not_grow_with_the_leads() -> None:
    two_versions()
    for _ in range(2):  # the first of a day counts how other leads stand
        score_leads(org_id="default", dossiers=[a_lead()])
    counts = []
    for size in (1, 50):
        leads = [a_lead() for _ in range(size)]
        with CaptureQueriesContext(connection) as queries:
            score_leads(org_id="default", dossiers=leads)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_there_is_one_shadow_and_each_change_leaves_a_row() -> None:
    first, second = kept("20260101000000"), kept("20260201000000", seed=2)
    for version in (first, second, second):
        set_shadow(org_id="default", version=version.version, by="tester", at=NOW)
    assert ModelVersion.objects.shadow().get() == second
    assert clear_shadow(org_id="default", by="tester", at=NOW)
    assert not clear_shadow(org_id="default", by="tester", at=NOW)
    changes = AuditEntry.objects.filter(act="model.shadow").order_by("pk").values_list("before", "after")
    assert list(changes) == [("", first.version), (first.version, second.version), (second.version, "")]


def test_the_database_refuses_two_shadows_and_an_active_one() -> None:
    kept("20260101000000", is_shadow=True)
    for fields in ({"is_shadow": True}, {"is_shadow": True, "is_active": True, "org_id": "other"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            kept("20260201000000", **fields)


def test_only_a_version_that_could_score_and_does_not_becomes_a_shadow() -> None:
    kept("20260101000000", is_active=True)
    kept("20260201000000", archived_at=NOW)
    broken = kept("20260301000000")
    ModelArtefact.objects.filter(version=broken).update(content=b"nonsense")
    for name, problem in (
        ("20260101000000", AlreadyActive),
        ("20260201000000", Archived),
        ("20260301000000", FailedRehearsal),
        ("20260401000000", ModelVersion.DoesNotExist),
    ):
        with pytest.raises(problem):
            set_shadow(org_id="default", version=name, by="tester", at=NOW)


def test_a_shadow_that_becomes_active_is_no_shadow_any_more_and_a_shadow_is_not_archived(settings: Any) -> None:
    settings.ML_KEEP_VERSIONS, settings.ML_ARCHIVE_AFTER_DAYS = 0, 0
    version = kept("20260101000000")
    set_shadow(org_id="default", version=version.version, by="tester", at=NOW)
    assert archive_old(at=timezone.now()) == 0
    activate(org_id="default", version=version.version, by="tester", at=NOW)
    assert not ModelVersion.objects.shadow().exists()
