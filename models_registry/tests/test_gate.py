"""Who may become active: by evidence on the same newest leads, and with words that say why."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from common.jobs import JobStatus
from leads import labelled
from leads.features import LabelledRows
from leads.models import Dossier, Organisation
from leads.tests.cast import a_past
from models_registry import gate, training
from models_registry.activation import activate
from models_registry.learning.fit import Learned
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.phrases import PHRASES
from models_registry.tests.artefacts import of_another_release
from models_registry.tests.cards import a_version as a_kept_version
from models_registry.tests.cast import a_run, a_version

pytestmark = pytest.mark.django_db


def test_too_good_a_figure_is_taken_for_leakage_and_waits_for_a_person(settings: Any) -> None:
    settings.ML_LEAKAGE_ROC_AUC = 0.55
    a_past()
    run = a_run()
    assert not run.activated
    assert "too good to be true" in run.verdict
    assert run.evidence["roc_auc"] > 0.55
    assert not ModelVersion.objects.active().exists()


def test_a_version_that_is_not_worse_takes_over_from_one_that_has_grown_old() -> None:
    a_past()
    old = a_version()
    ModelVersion.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=91))
    run = a_run()
    assert run.activated, run.verdict
    assert "older than 90 days" in run.verdict
    assert run.evidence["champion"] == old.version


def test_a_damaged_champion_is_replaced() -> None:
    a_past()
    damaged = a_version()
    ModelArtefact.objects.filter(version=damaged).update(content=b"nonsense")
    ModelVersion.objects.filter(pk=damaged.pk).update(digest="0" * 64)
    run = a_run()
    assert run.activated
    assert "damaged" in run.verdict


def test_a_champion_of_another_release_which_cannot_be_read_here_is_replaced() -> None:
    a_past()
    theirs = of_another_release("20260101000000", is_active=True)
    run = a_run()
    assert run.activated
    assert run.verdict == f"Activated: the active version {theirs} reads what is not known of leads here."
    assert PHRASES.knows(run.verdict)


def test_leads_that_are_forgotten_while_a_run_is_under_way_take_no_part_in_the_comparison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leads = a_past()
    a_version()
    judge = training.gate.judge

    def forget_meanwhile(org: Any, rows: LabelledRows, learned: Learned, **at: Any) -> gate.Verdict:
        newest = rows.dossier[learned.holdout.rows]
        Dossier.objects.filter(pk__in=np.unique(newest)[::8].tolist()).delete()
        return judge(org, rows, learned, **at)

    monkeypatch.setattr(training.gate, "judge", forget_meanwhile)
    run = a_run()
    assert run.status == JobStatus.SUCCEEDED, run.error
    assert "champion" in run.evidence
    assert Dossier.objects.count() < len(leads)


def test_a_lead_that_is_forgotten_while_rows_are_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = a_past()
    take = labelled.snapshots.take_in_parts

    def forget_first(*told: Any, **options: Any) -> Any:
        Dossier.objects.filter(pk=first.pk).delete()
        return take(*told, **options)

    monkeypatch.setattr(labelled.snapshots, "take_in_parts", forget_first)
    org, until = Organisation.get("default"), timezone.now()
    rows = labelled.training_rows(org, since=first.created_at, until=until, ages=(0.0,))
    assert first.pk not in rows.dossier
    assert set(rows.dossier) <= {lead.pk for lead in others}


def test_a_choice_that_a_person_makes_while_a_run_compares_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    a_past()
    chosen, judge = a_kept_version(), training.gate.judge

    def choose_meanwhile(*told: Any, **at: Any) -> gate.Verdict:
        verdict = judge(*told, **at)
        activate(org_id="default", version=chosen.version, by="a person")
        return verdict

    monkeypatch.setattr(training.gate, "judge", choose_meanwhile)
    run = a_run()
    assert run.version is not None
    assert run.verdict == (
        "Not activated: Another version became active while this one was compared with the one before."
    )
    assert PHRASES.knows(run.verdict)
    assert not run.activated
    assert not run.checks.get(name="gate").passed
    assert ModelVersion.objects.active().get() == chosen


def test_the_evidence_is_kept_with_the_run() -> None:
    a_past()
    first, second = a_version(), a_run()
    assert second.evidence["champion"] == first.version
    assert {"log_loss", "auc", "better", "not_worse"} <= set(second.evidence)
