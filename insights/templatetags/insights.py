"""What templates need to say numbers as people do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.http import QueryDict
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html

from experiments.models import ASSIGNING, Experiment, ExperimentStatus
from experiments.steps import Step
from insights import stored, words
from insights.access import OF_ORG
from insights.drawing import Figure
from insights.experiment_words import DECISIONS, STATES
from insights.first_page import first_page_of
from insights.sparklines import line_of
from models_registry import card_sayings
from models_registry.models import TrainingRun
from predictions.reasons import label_of, shown
from predictions.trails import Trail

register = template.Library()
register.simple_tag(first_page_of)


@register.filter
def percent(share: float | None) -> str:
    """A share as whole percent; nothing where it is not known."""
    return "" if share is None else words.percent(share)


@register.filter
def plain(value: float | None) -> str:
    """A number with thousands parted; nothing where it is not known."""
    return "" if value is None else words.plain(value)


@register.filter
def rounded(amount: float, currency: str) -> str:
    """An amount of money, to whole units."""
    return words.money(round(amount), currency)


@register.filter
def capital(text: str) -> str:
    """A sentence with its first letter large."""
    return words.capital(text)


@register.filter
def spaced(name: str) -> str:
    """An attribute's name as words."""
    return words.capital(name.replace("_", " "))


@register.filter
def about(number: float) -> str:
    """An expected number: whole from ten on, else to a tenth."""
    return words.about(number)


@register.filter
def duration(seconds: float) -> str:
    """How long a request takes."""
    return words.duration(seconds)


@register.filter
def points(part: float) -> str:
    """A part of a probability in points, without its sign."""
    return words.points(part)


@register.filter
def three(value: float | None) -> str:
    """A measure to three decimals; a dash where it was not measured."""
    return card_sayings.three(value)


@register.filter
def signed_points(part: float) -> str:
    """A part of a probability in points, with its sign."""
    return words.signed_points(part)


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """An amount of money to the cent, without cents where there are none."""
    return words.money(float(amount), currency)


@register.filter
def unlocalised(number: float) -> str:
    """A number as an attribute of an element holds it."""
    return f"{number:.12g}"


@register.filter
def feature_label(name: str) -> str:
    """A feature's name, as a person reads it."""
    return label_of(name)


@register.filter
def feature_value(value: Any, name: str) -> str:
    """A feature's value, as a person reads it."""
    return shown(name, value)


@register.filter
def method(code: str) -> str:
    """What made a score."""
    return str(words.METHODS.get(code, code))


@register.filter
def status(code: str) -> str:
    """The state of a job."""
    return str(words.STATUSES.get(code, code))


@register.filter
def stage(code: str) -> str:
    """How far a job is, in words."""
    return str(words.STAGES.get(code, code))


@register.filter
def trigger(code: str) -> str:
    """By which door a training run came in."""
    return str(words.TRIGGERS.get(code, code))


@register.filter
def check(name: str) -> str:
    """What is checked of a new version."""
    return str(words.CHECKS.get(name, name))


@register.filter
def algorithm(name: str) -> str:
    """What a learner is called."""
    return str(words.ALGORITHMS.get(name, name))


@register.filter
def state_of_experiment(code: str) -> str:
    """How far its life has come."""
    return str(STATES[code])


@register.filter
def tone_of_experiment(code: str) -> str:
    """A class of the style sheet: those that take leads stand out."""
    return "high" if code in ASSIGNING else "medium" if code == ExperimentStatus.MATURING else "low"


@register.filter
def decision_of_experiment(code: str) -> str:
    """What was made of it."""
    return str(DECISIONS[code])


@register.filter
def address_of_step(experiment: Experiment, step: Step) -> str:
    """Where the step is asked for."""
    return reverse(f"insights:experiment-{step.name}", args=[experiment.pk])


@register.filter
def hundred(share: float) -> int:
    """A share as a whole number from 0 to 100, for a progress bar."""
    return round(100 * share)


@register.inclusion_tag("insights/_interval.html")
def interval(low: float | None, probability: float, high: float | None) -> dict[str, Any]:
    """A probability drawn with its interval, in coordinates from 0 to 100."""
    start, end = (100 * (probability if bound is None else bound) for bound in (low, high))
    return {
        "start": f"{start:.1f}",
        "width": f"{max(end - start, 0.8):.1f}",
        "at": f"{min(100 * probability, 99):.1f}",
        "is_known": low is not None and high is not None,
        "low": low,
        "high": high,
        "probability": probability,
    }


@register.inclusion_tag("insights/_sparkline.html")
def sparkline(trail: Trail | None) -> dict[str, Any]:
    """The last scores as a line, with an arrow: nothing where there is only one."""
    if trail is None or trail.change is None:
        return {"line": ""}
    points = line_of(trail.probabilities)
    return {
        "direction": trail.direction,
        "change": trail.change,
        "since": trail.before[0] if trail.before else None,
        "scores": ", ".join(map(percent, trail.probabilities)),
        "line": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        "end": [f"{each:.1f}" for each in points[-1]],
    }


@register.inclusion_tag("insights/_figure.html")
def figure(drawn: Figure) -> dict[str, Any]:
    """A figure with the table of its numbers."""
    return {"figure": drawn, "key": f"figure-{drawn.key}"}


@register.simple_tag(takes_context=True)
def of_org(context: Context) -> str:
    """A field of a form: whose rows its page showed. Only who may switch can be at another organisation since."""
    if not context["viewer"].user.is_superuser:
        return ""
    return format_html('<input type="hidden" name="{}" value="{}">', OF_ORG, context["org"].org_id)


@register.simple_tag
def said(text: str) -> str:
    """A sentence that was stored in English, in the viewer's language; marked as English where it is no known one."""
    told = stored.said(text)
    return format_html('<span lang="en">{}</span>', text) if told is None else told


@register.simple_tag
def outcome_of_run(run: TrainingRun) -> str:
    """What came of a run: its verdict, or why there is none; nothing where its status says all."""
    told = run.verdict or run.error
    return said(told) if told else ""


@register.simple_tag
def sort_link(query: QueryDict, **changes: str) -> str:
    """The page's address with other parameters, from its first page on; an empty value leaves the parameter out."""
    parameters = query.copy()
    parameters.pop("cursor", None)
    parameters.pop("number", None)
    for name, value in changes.items():
        parameters.pop(name, None)
        if value:
            parameters[name] = value
    return f"?{parameters.urlencode()}"
