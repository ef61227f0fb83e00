"""The tables of an experiment's page: what stands beside its figures, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.audit import AuditEntry
from experiments.analysis import Analysis
from experiments.comparison import Comparison
from experiments.guardrails import REVENUE, Answered, Guardrail, speed
from experiments.ratio import StratumRatio
from experiments.statistics import means
from experiments.statistics.estimates import Estimate
from experiments.statistics.proportions import Counts
from insights import words
from insights.experiment_words import ACTS, estimate, name_of, share, signed

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A card with a heading, a sentence on what it says, and rows."""

    name: str
    title: str
    words: str
    head: Row
    rows: Sequence[Row]
    is_wide: bool = False


def arm_name(found: Analysis, variant: str) -> str:
    """An arm, as the first word of a cell."""
    return words.capital(name_of(found.experiment, variant))


def so_far(found: Analysis) -> Table:
    """All leads so far against those whose window is over."""
    rows = [
        (arm_name(found, arm.variant), *_of(arm.everyone), *_of(arm.matured), _days(arm.median_day))
        for arm in found.arms
    ]
    return Table(
        "so-far",
        _("So far, and for certain"),
        _(
            "It is decided by leads whose %(days)s days are over. The others are in “so far”: a treatment that only "
            "speeds conversion up looks better there."
        )
        % {"days": found.experiment.attribution_days},
        (_("Method"), _("So far"), _("Share"), _("Window over"), _("Share"), _("Half within")),
        rows,
    )


def _of(counts: Counts) -> Row:
    said = {"converted": words.plain(counts.conversions), "leads": words.plain(counts.leads)}
    return _("%(converted)s of %(leads)s") % said, share(counts.rate)


def _days(day: float | None) -> str:
    return "–" if day is None else words.counted(day, "day")


def revenue(found: Analysis, currency: str = "") -> Table:
    """Revenue a lead, and what a treatment brings more or less."""
    unknown = Estimate.unknown("NO_REVENUE")

    def money(amount: float) -> str:
        return words.money(round(amount, 0 if abs(amount) >= 10 else 2), currency)

    rows = []
    for arm in found.arms:
        known = means.mean(arm.revenue) if arm.paid else unknown
        rows.append((arm_name(found, arm.variant), *estimate(known, money), words.plain(arm.paid)))
    rows += [
        (_("Difference: %s") % arm_name(found, each.variant), *estimate(each.revenue, money), "")
        for each in shown(found)
    ]
    said = _("Of leads whose window is over, 0 where there is none.")
    if found.cap is not None:
        said += " " + _("More than %(most)s counts as that: the highest %(share)s of sales would drown the rest.") % {
            "most": money(found.cap),
            "share": words.percent(1 - found.experiment.revenue_cap),
        }
    head = (_("Method"), _("Revenue a lead"), _("Between"), _("Sales with a revenue"))
    return Table("revenue", _("Revenue"), said, head, rows)


def shown(found: Analysis) -> list[Comparison]:
    """Comparisons that may be shown: none where leads did not fall as they should."""
    return list(found.comparisons) if found.ratio.holds else []


def guardrails(found: Analysis) -> Table:
    """What must not fall while conversions rise."""
    rows = [
        (
            _("Revenue a lead") if rail.name == REVENUE else _("Time to the first answer"),
            arm_name(found, rail.variant),
            *estimate(rail.change, signed),
            _("at worst %s") % signed(-rail.margin if rail.name == REVENUE else rail.margin),
            _stands(rail),
        )
        for rail in found.guardrails
    ]
    stops = found.experiment.guardrails.get("stop_on_breach")
    said = _("A breach stops the experiment by itself.")
    if not stops:
        said = _("A breach is told, and stops nothing by itself.")
    head = (_("What"), _("Method"), _("Against the first"), _("Between"), _("Allowed"), _("Now"))
    return Table("guardrails", _("What must not get worse"), said, head, rows)


def _stands(rail: Guardrail) -> str:
    if rail.breached:
        return _("breached")
    return _("not known yet") if rail.change.value is None else _("holds")


def differing(found: Analysis) -> Table:
    """The comparison on leads for which the methods recommend different actions."""
    rows = []
    for each in found.differing:
        lift = each.always_valid.lift if found.ratio.holds else Estimate.unknown("SAMPLE_RATIO_MISMATCH")
        rows.append(
            (
                arm_name(found, each.variant),
                words.plain(each.leads) + ("" if each.share is None else f" ({words.percent(each.share)})"),
                share(each.control.rate),
                share(each.treatment.rate),
                *estimate(lift, signed),
            )
        )
    return Table(
        "differing",
        _("Only where they differ"),
        _("Leads for which both would recommend different actions; on the others nothing can come of the arm."),
        (_("Method"), _("Leads"), _("The first converts"), _("This converts"), _("Lift"), _("Between")),
        rows,
    )


def action_label(code: str) -> str:
    """What people are told to do."""
    return str(words.action_of(code).label)


def people(found: Analysis) -> Table:
    """What was recommended, how soon people answered, and what came of it."""
    answered = {(each.variant, each.action): each for each in found.answered}
    rows: list[Row] = []
    for code in (action.code for action in words.ACTIONS):
        for each in (row for row in found.followed if row.action == code):
            name, leads, rate = arm_name(found, each.variant), words.plain(each.leads), share(each.matured.rate)
            rows.append((action_label(code), name, leads, rate, *_response(answered.get((each.variant, code)))))
    rows += _by_arm(found)
    return Table(
        "people",
        _("What people did"),
        _("By what was recommended to them. A lead not answered within three days counts as answered then."),
        (_("Recommended"), _("Method"), _("Leads"), _("Converted"), _("Answered"), _("On average after")),
        rows,
        is_wide=True,
    )


def _by_arm(found: Analysis) -> Iterator[Row]:
    for arm in found.arms:
        minutes, answered = speed(found.answered, arm.variant)
        spoken = _response(Answered(arm.variant, None, minutes.n, answered, minutes))
        leads, rate = words.plain(arm.everyone.leads), share(arm.matured.rate)
        yield _("all of them"), arm_name(found, arm.variant), leads, rate, *spoken


def _response(each: Answered | None) -> Row:
    """The share that was answered, and after how long on average; dashes where nobody has waited long enough."""
    if each is None or not each.leads:
        return "–", "–"
    return words.percent(each.answered / each.leads), words.span(each.minutes.mean)


def load(found: Analysis) -> Table:
    """Leads of each owner by arm."""
    return Table(
        "load",
        _("Leads of each owner"),
        _("A salesperson's time is shared between the arms: who has many of one has less time for the other."),
        (_("Owner"), *_names(found), _("As they should")),
        [_stratum(each, _("nobody's")) for each in found.ratio.by_owner],
    )


def sources(found: Analysis) -> Table:
    """Leads of each source by arm."""
    return Table(
        "sources",
        _("Leads of each source"),
        _("Within each of them, too, leads must fall into the arms as they should."),
        (_("Source"), *_names(found), _("As they should")),
        [_stratum(each, _("not known")) for each in found.ratio.by_source],
    )


def _names(found: Analysis) -> Row:
    return tuple(arm_name(found, arm.variant) for arm in found.arms)


def _stratum(each: StratumRatio, nameless: str) -> Row:
    return each.name or nameless, *map(words.plain, each.leads), _("yes") if each.holds else _("no")


def history(acts: list[AuditEntry]) -> list[Row]:
    """Who did what, and when."""
    return [
        (
            date_format(timezone.localtime(row.at), "j N Y, H:i"),
            row.by,
            str(ACTS.get(name := row.act.removeprefix("experiment."), name)),
            row.reason,
        )
        for row in acts
    ]
