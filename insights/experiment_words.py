"""What an experiment says, in the words and the language of the person who reads the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.language import number
from experiments.analysis import Analysis
from experiments.models import CONTROL, TREATMENT, Decision, Experiment, ExperimentStatus
from experiments.standing import Standing
from experiments.statistics import deciding
from experiments.statistics.estimates import Estimate
from insights import words

Status = ExperimentStatus
Say = Callable[[float], str]
STATES: dict[str, str | Promise] = {
    Status.DRAFT: gettext_lazy("Draft"),
    Status.RUNNING: gettext_lazy("Running"),
    Status.ENROLMENT_CLOSED: gettext_lazy("No new leads"),
    Status.MATURING: gettext_lazy("Waiting for outcomes"),
    Status.STOPPED: gettext_lazy("Stopped"),
}
DECISIONS: dict[str, str | Promise] = {
    Decision.SHIP: gettext_lazy("Ship: the new way scores every lead"),
    Decision.KEEP: gettext_lazy("Keep: what there was stays"),
    Decision.INCONCLUSIVE: gettext_lazy("Inconclusive: nobody can say"),
    Decision.INVALID: gettext_lazy("Invalid: something was wrong with the experiment itself"),
}
VERBS: dict[str, str | Promise] = {
    "start": gettext_lazy("Start"),
    "close": gettext_lazy("Take no new leads"),
    "mature": gettext_lazy("Let it mature"),
    "stop": gettext_lazy("Stop and decide"),
}
ACTS: dict[str, str | Promise] = {
    "create": gettext_lazy("made"),
    "start": gettext_lazy("started"),
    "close": gettext_lazy("closed to new leads"),
    "mature": gettext_lazy("left to mature"),
    "stop": gettext_lazy("stopped"),
}
REASONS: dict[str, str | Promise] = {
    "NO_LEADS": gettext_lazy("no leads yet"),
    "NO_CONVERSIONS": gettext_lazy("no conversions yet"),
    "NO_CONTROL_CONVERSIONS": gettext_lazy("no conversion in the first arm yet"),
    "NO_REVENUE": gettext_lazy("no revenue was told"),
    "NO_PROBABILITIES": gettext_lazy("no probabilities to take out"),
    "NO_VARIATION": gettext_lazy("all alike"),
    "SAMPLE_RATIO_MISMATCH": gettext_lazy("withheld"),
    "RATIO_ONLY": gettext_lazy("so few leads speak of the lift only"),
}
GOOD, BAD, WAITING = "high", "missed", "waiting"


@dataclass(frozen=True)
class Advice:
    """What to do now, why, and the tone it is shown in (a class of the style sheet)."""

    sentence: str
    because: str
    tone: str
    step: str = ""
    """The step to take, if it is time for one."""


def advice_on(found: Analysis) -> Advice:
    """The one sentence on top."""
    experiment, verdict = found.experiment, found.verdict
    if experiment.status == Status.STOPPED:
        return Advice(
            _ended(experiment), experiment.decision_reason, GOOD if experiment.decision == "SHIP" else WAITING
        )
    if verdict.winner is not None:
        return Advice(_won(found, verdict.winner), evidence(found), GOOD, "stop")
    alarmed = verdict.reason in (deciding.SAMPLE_RATIO_MISMATCH, deciding.GUARDRAIL)
    ends = alarmed or verdict.reason == deciding.NO_DIFFERENCE
    because = " ".join(filter(None, (evidence(found), _would_show(found))))
    return Advice(found.outlook.words, because, BAD if alarmed else WAITING, "stop" if ends else "")


def _would_show(found: Analysis) -> str:
    """What the leads that there are would show; empty where nobody can say, or nothing is shown."""
    smallest = found.outlook.detectable_lift
    if smallest is None or not found.ratio.holds:
        return ""
    return _("A lift of %s or more would most likely show by now.") % signed(smallest)


def _ended(experiment: Experiment) -> str:
    return _("Stopped. %s.") % DECISIONS.get(experiment.decision, experiment.decision)


def _won(found: Analysis, winner: str) -> str:
    name = name_of(found.experiment, winner)
    if winner == found.arms[0].variant:
        return _("Stop, and keep %s: nothing else sells more.") % name
    return _("Ship it: %s sells more. Stop the experiment, and let it score every lead.") % name


def evidence(found: Analysis) -> str:
    """Why, in figures of the leads whose window is over."""
    if not found.ratio.holds:
        return _("%(leads)s leads are in the arms, and not as they should be: the result is withheld.") % {
            "leads": _counts(found.ratio.leads)
        }
    control, treatment = found.arms[0], _foremost(found)
    if control.matured.rate is None or treatment.matured.rate is None:
        return _("A lead counts once %(days)s days have gone by since its first scoring.") % {
            "days": found.experiment.attribution_days
        }
    said = _(
        "%(first)s: %(first_rate)s of %(first_leads)s converted. %(second)s: %(second_rate)s of %(second_leads)s."
    ) % {
        "first": words.capital(name_of(found.experiment, treatment.variant)),
        "first_rate": share(treatment.matured.rate),
        "first_leads": words.plain(treatment.matured.leads),
        "second": words.capital(name_of(found.experiment, control.variant)),
        "second_rate": share(control.matured.rate),
        "second_leads": words.plain(control.matured.leads),
    }
    lift = next(each for each in found.comparisons if each.variant == treatment.variant).always_valid.lift
    if lift.value is None:
        return said
    return f"{said} {_lifted(lift, lift.value)}"


def _lifted(lift: Estimate, value: float) -> str:
    if lift.high is None:
        told = {"lift": signed(value), "low": signed(lift.low or 0.0)}
        return _("That is %(lift)s, and may be anything above %(low)s.") % told
    return _("That is %(lift)s, and may be anything from %(bounds)s.") % {
        "lift": signed(value),
        "bounds": bounds(lift, signed),
    }


def _foremost(found: Analysis) -> Standing:
    """The treatment that won, else the one furthest ahead."""
    treatments = found.arms[1:]
    won = [arm for arm in treatments if arm.variant == found.verdict.winner]
    return won[0] if won else max(treatments, key=lambda arm: arm.matured.rate or 0.0)


def _counts(leads: list[int]) -> str:
    return " + ".join(words.plain(each) for each in leads)


def method_name(method: str) -> str:
    """A way of scoring, within a sentence: "the rules", "the model", "model 20260101000000"."""
    if method.startswith("ML:"):
        return _("model %s") % method.removeprefix("ML:")
    return str(words.METHODS.get(method, method))


def name_of(experiment: Experiment, variant: str) -> str:
    """An arm by its method, and by its own name where it has one, or where two arms have one method."""
    methods = {arm["name"]: arm["method"] for arm in experiment.arms}
    method = method_name(methods[variant])
    alike = list(methods.values()).count(methods[variant]) > 1
    return f"{method} ({variant})" if alike or variant not in (CONTROL, TREATMENT) else method


def share(value: float | None) -> str:
    """A rate, to a tenth of a percent: arms differ by less than whole ones. A dash where it is not known."""
    return "–" if value is None else _("%s%%") % number(f"{100 * value:.1f}")


def signed(value: float) -> str:
    """A change as percent, with its sign; more than tenfold is said as that."""
    if value > 10:
        return _("more than tenfold")
    whole = round(100 * value)
    return _("%s%%") % f"{'+' if whole > 0 else '−' if whole < 0 else ''}{abs(whole)}"


def signed_share(value: float) -> str:
    """A difference of two rates in points of a percent, to a tenth, with its sign."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{number(f'{abs(100 * value):.1f}')}"


def bounds(found: Estimate, say: Say) -> str:
    """From where to where it may be: "−3% to +20%"."""
    low = _("no end") if found.low is None else say(found.low)
    high = _("no end") if found.high is None else say(found.high)
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def estimate(found: Estimate, say: Say) -> tuple[str, str]:
    """The value and its bounds as two cells; a dash and the reason where it is not known."""
    value = "–" if found.value is None else say(found.value)
    if found.low is None and found.high is None:
        return value, str(REASONS.get(found.reason or "", _("too few leads yet")))
    return value, bounds(found, say)


def p_value(value: float | None) -> str:
    """To three decimals, and never 0; a dash where it is not known."""
    if value is None:
        return "–"
    return number("<0.001" if value < 0.001 else f"{value:.3f}")
