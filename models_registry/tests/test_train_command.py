"""`manage.py train_model`: the same act, with a progress bar and words at the end."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from leads.tests.cast import a_past
from models_registry.models import TrainingRun, Trigger

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
    [([], "usable records"), (["--since", "soon"], "--since must be an ISO time"), (["--algorithm", "dice"], "dice")],
)
def test_what_cannot_be_trained_is_said_in_one_line(options: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("train_model", *options)


def test_a_time_to_learn_from_may_be_given() -> None:
    a_past()
    call_command("train_model", "--since", "2020-01-01T00:00:00")
    assert TrainingRun.objects.get().since.year == 2020
