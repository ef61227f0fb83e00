"""One experiment: what to do now, and all that it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.analysis import Analysis, analyse
from experiments.lifecycle import acts_of
from experiments.models import Experiment, ExperimentStatus
from experiments.statistics.deciding import LEAST_DAYS
from experiments.statistics.survival import Speed
from experiments.steps import Step, steps_from
from insights import experiment_figures, experiment_proofs, experiment_tables, words
from insights.design_form import can_hold
from insights.drawing import Figure
from insights.experiment_figures import Arm
from insights.experiment_tables import Row, Table, action_label
from insights.experiment_words import BAD, GOOD, VERBS, WAITING, Advice, advice_on, method_name, name_of, share
from insights.population_text import text_of
from leads.models import Organisation
from predictions.disagreement import Disagreement, disagreement


@dataclass(frozen=True)
class Light:
    """A condition of the result: whether it holds, in a word, and why."""

    heading: str
    verdict: str
    words: str
    tone: str


@dataclass(frozen=True)
class Progress:
    """How many of the planned leads have had their whole window."""

    matured: int
    planned: int
    words: str


@dataclass(frozen=True)
class Apart:
    """Before the start: for which share of the leads the methods would have people do different things."""

    control: str
    treatment: str
    found: Disagreement
    rows: Sequence[Row]

    @property
    def tone(self) -> str:
        """Bad where nothing can come of it."""
        return GOOD if self.found.differ else BAD


@dataclass(frozen=True)
class ExperimentPage:
    """What every experiment's page shows, begun or not."""

    experiment: Experiment
    arms: list[tuple[str, str]]
    steps: list[tuple[Step, Any]]
    history: list[Row]
    design: str
    leads: str = ""
    """Which leads it is about; empty: all."""
    can_be_asked_again: bool = False
    apart_queries: Sequence[str] = ()
    """Which two methods to ask where they differ, of one that is not started."""
    result: Result | None = None


@dataclass(frozen=True)
class Result:
    """What one that has begun says. A figure is None where there is nothing to draw yet."""

    found: Analysis
    advice: Advice
    progress: Progress | None
    is_provisional: bool
    rates: Figure | None
    lift: Figure | None
    curves: Figure | None
    faster: list[str]
    lights: list[Light]
    tables: list[Table]
    more: list[Table]


def experiment_page(org: Organisation, experiment: Experiment) -> ExperimentPage:
    """All of it, in a fixed number of statements."""
    is_draft = experiment.status == ExperimentStatus.DRAFT
    return ExperimentPage(
        experiment=experiment,
        arms=[
            (words.capital(name_of(experiment, arm["name"])), words.percent(arm["share"])) for arm in experiment.arms
        ],
        steps=[(step, VERBS[step.name]) for step in steps_from(experiment.status)],
        history=experiment_tables.history(acts_of(experiment)),
        design=json.dumps(experiment.design, indent=2, sort_keys=True, ensure_ascii=False) if experiment.design else "",
        leads=text_of(experiment.population).replace("\n", " · "),
        can_be_asked_again=experiment.status == ExperimentStatus.STOPPED and can_hold(experiment),
        apart_queries=apart_queries(*(arm["method"] for arm in experiment.arms)) if is_draft else (),
        result=None if is_draft or not experiment.arms else result(analyse(experiment, at=org.now()), org.currency),
    )


def apart_queries(control: str = "", *treatments: str) -> list[str]:
    """Control and each treatment that is named, in addresses."""
    return [urlencode({"control": control, "treatment": each}) for each in treatments if control and each]


def apart(org: Organisation, control: str, treatment: str) -> Apart:
    """Where two methods differ on the newest undecided leads.

    Raises UnknownMethod where one is no method any more, DamagedArtefact, and Unreadable.
    """
    found = disagreement(org_id=org.org_id, control=control, treatment=treatment)
    pairs = sorted(found.pairs.items(), key=lambda pair: -pair[1])
    rows = [(action_label(old), action_label(new), words.plain(leads)) for (old, new), leads in pairs if old != new]
    return Apart(method_name(control), method_name(treatment), found, rows)


def result(found: Analysis, currency: str) -> Result:
    """An analysis as the page shows it."""
    is_provisional = not any(arm.matured.leads for arm in found.arms)
    names = [words.capital(name_of(found.experiment, arm.variant)) for arm in found.arms]
    drawn = [
        Arm(name, arm.everyone if is_provisional else arm.matured) for name, arm in zip(names, found.arms, strict=True)
    ]
    treatments = {arm.variant: name for arm, name in zip(found.arms[1:], names[1:], strict=True)}
    return Result(
        found=found,
        advice=advice_on(found),
        progress=_progress(found),
        is_provisional=is_provisional,
        rates=experiment_figures.rates(drawn) if found.ratio.holds else None,
        lift=experiment_figures.lift_over_time(found.looks, treatments) if found.ratio.holds else None,
        curves=experiment_figures.curves(list(zip(names, found.curves, strict=True))),
        faster=_faster(found, names[1:]),
        lights=[_ratio_light(found), _guardrail_light(found), _time_light(found), *_changed_light(found)],
        tables=_filled(_first(currency), found),
        more=_filled(MORE, found),
    )


MORE = (experiment_proofs.tests, experiment_proofs.agreement, experiment_proofs.foretelling, experiment_tables.sources)


def _first(currency: str) -> list[Callable[[Analysis], Table]]:
    return [
        experiment_tables.so_far,
        partial(experiment_tables.revenue, currency=currency),
        experiment_tables.guardrails,
        experiment_tables.differing,
        experiment_tables.load,
        experiment_tables.people,
    ]


def _filled(makers: Sequence[Callable[[Analysis], Table]], found: Analysis) -> list[Table]:
    return [table for make in makers if (table := make(found)).rows]


def _progress(found: Analysis) -> Progress | None:
    planned, matured = found.experiment.planned_leads, sum(arm.matured.leads for arm in found.arms)
    if planned is None:
        return None
    said = _("%(matured)s of the %(planned)s planned leads have had their whole window.")
    return Progress(
        min(matured, planned), planned, said % {"matured": words.plain(matured), "planned": words.plain(planned)}
    )


def _faster(found: Analysis, names: Sequence[str]) -> list[str]:
    if not found.ratio.holds:
        return []
    pairs = zip(names, found.speeds, strict=True)
    return [_faster_words(name, speed) for name, speed in pairs if speed and speed.faster_not_more]


def _faster_words(name: str, speed: Speed) -> str:
    return _("Faster, not more: on day %(day)s, %(name)s is %(ahead)s of the leads ahead; at the end, %(end)s.") % {
        "day": speed.day,
        "name": name,
        "ahead": share(speed.ahead),
        "end": share(speed.at_end),
    }


def _ratio_light(found: Analysis) -> Light:
    ratio, heading = found.ratio, _("Leads fall as they should")
    if not sum(ratio.leads):
        return Light(heading, _("no leads yet"), _("Nobody has been scored in it so far."), WAITING)
    fell = " : ".join(words.plain(each) for each in ratio.leads)
    meant = " : ".join(words.plain(round(each)) for each in ratio.expected)
    said = _("%(fell)s leads; meant were %(meant)s.") % {"fell": fell, "meant": meant}
    if not ratio.holds:
        return Light(heading, _("no"), said + " " + _("Chance does not explain that: the result is withheld."), BAD)
    uneven = [each.name or _("nobody's") for each in (*ratio.by_source, *ratio.by_owner) if not each.holds]
    if uneven:
        return Light(heading, _("not everywhere"), said + " " + _("Not so for %s.") % ", ".join(uneven), WAITING)
    return Light(heading, _("yes"), said, GOOD)


def _guardrail_light(found: Analysis) -> Light:
    heading = _("Nothing else gets worse")
    breached = [rail for rail in found.guardrails if rail.breached]
    if breached:
        return Light(heading, _("no"), _("Revenue, or the time to the first answer, is beyond what is allowed."), BAD)
    if all(rail.change.value is None for rail in found.guardrails):
        return Light(heading, _("not known yet"), _("Too few revenues and answers so far."), WAITING)
    return Light(heading, _("yes"), _("Revenue and the time to the first answer are within what is allowed."), GOOD)


def _time_light(found: Analysis) -> Light:
    heading, days = _("Two weeks are over"), int(found.days)
    ran = ngettext("It has taken leads for %s day.", "It has taken leads for %s days.", days) % words.plain(days)
    return Light(heading, _("yes"), ran, GOOD) if days >= LEAST_DAYS else Light(heading, _("not yet"), ran, WAITING)


def _changed_light(found: Analysis) -> list[Light]:
    """Only where it is lit."""
    if not found.changed:
        return []
    names = ", ".join(name_of(found.experiment, variant) for variant in found.changed)
    said = _("Since the start, the model, the rules, the calibration or the thresholds have changed of: %s.") % names
    return [Light(_("What was hashed stands"), _("no"), said, BAD)]


def listed(experiments: Iterable[Experiment]) -> list[Listed]:
    """The rows of the list."""
    return [_listed(each) for each in experiments]


@dataclass(frozen=True)
class Listed:
    """A row of the list: what is compared, and what was last counted."""

    experiment: Experiment
    compared: str
    leads: int | None
    rates: list[tuple[str, str]]


def _listed(experiment: Experiment) -> Listed:
    counts = [(arm["name"], experiment.tally.get(arm["name"], {})) for arm in experiment.arms]
    new = [name_of(experiment, name) for name in experiment.variants[1:]] or [method_name(experiment.treatment_method)]
    known = [(name, each) for name, each in counts if each.get("leads")]
    return Listed(
        experiment,
        _("%(treatment)s against %(control)s")
        % {"treatment": words.capital(", ".join(new)), "control": method_name(experiment.control_method)},
        sum(each["leads"] for _name, each in known) if known else None,
        [
            (words.capital(name_of(experiment, name)), share(each["conversions"] / each["leads"]))
            for name, each in known
        ],
    )
