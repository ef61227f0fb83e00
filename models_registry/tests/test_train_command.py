"""`manage.py train_model`: the same act, with a progress bar and words at the end."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from leads.tests.cast import a_past
from models_registry.models import TrainingRun, Trigger
from models_registry.tests.cards import a_version

pytestmark = pytest.mark.django_db


def test_it_trains_and_says_whether_the_version_became_active(capsys: Any) -> None:
    a_past()
    call_command("train_model", "--notes", "by hand")
    said = capsys.readouterr()
    run = TrainingRun.objects.get()
    assert (run.trigger, run.notes, run.started_by) == (Trigger.COMMAND, "by hand", "command")
    assert f"Version {run.version}: forward ROC-AUC 0." in said.out
    assert "Activated" in said.out
    assert "100%" in said.err or "97%" in said.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "usable records"),
        (["--since", "2020-01-31"], "0 usable records of leads created since 2020-01-31"),
        (["--since", "soon"], "--since must be an ISO time"),
        (["--since", "2026-13-45T00:00:00Z"], "--since must be an ISO time"),
        (["--algorithm", "dice"], "dice"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(options: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("train_model", *options)


def test_what_could_not_be_measured_is_said(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    a_past()
    nothing = {"roc_auc": None, "log_loss": 0.1, "reasons": {"roc_auc": "No lead converted: there is nothing to rank."}}
    version = a_version(metrics=nothing)
    monkeypatch.setattr(
        "models_registry.management.commands.train_model.execute",
        lambda run: TrainingRun.objects.filter(pk=run.pk).update(version=version),
    )
    call_command("train_model")
    said = capsys.readouterr().out
    assert f"Version {version}: forward ROC-AUC –, log loss 0.100." in said
    assert "No lead converted: there is nothing to rank." in said


def test_a_time_to_learn_from_may_be_given() -> None:
    a_past()
    call_command("train_model", "--since", "2020-01-01T00:00:00")
    assert TrainingRun.objects.get().since.year == 2020
