"""The steps of an experiment's life that a person takes, and from where each can be taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from common.language import gettext_noop as _
from experiments import lifecycle
from experiments.models import Experiment, ExperimentStatus

Status = ExperimentStatus


@dataclass(frozen=True)
class Step:
    """An act that is offered in some states; `words` say what comes of it."""

    name: str
    words: str
    states: tuple[str, ...]
    act: Callable[..., Experiment]
    takes_reason: bool = True
    takes_decision: bool = False


STEPS = (
    Step(
        "start",
        _("Leads come in from now on, and the design stands."),
        (Status.DRAFT,),
        lifecycle.start_experiment,
        takes_reason=False,
    ),
    Step(
        "close",
        _("No new leads come in; those that are in stay in their arms."),
        (Status.RUNNING,),
        lifecycle.close_enrolment,
    ),
    Step(
        "mature",
        _("Every lead is scored by the default method again; outcomes that are due are waited for."),
        (Status.RUNNING, Status.ENROLMENT_CLOSED),
        lifecycle.let_mature,
    ),
    Step(
        "stop",
        _("It ends for good. This cannot be taken back."),
        (Status.DRAFT, Status.RUNNING, Status.ENROLMENT_CLOSED, Status.MATURING),
        lifecycle.stop_experiment,
        takes_decision=True,
    ),
)


def steps_from(status: str) -> list[Step]:
    """What can be done with an experiment that stands there."""
    return [step for step in STEPS if status in step.states]
