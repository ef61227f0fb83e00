"""How it goes: what became of what was recommended, what is to be expected, how soon leads are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from insights import overview_figures, words
from insights.answering import answered_by_band
from insights.decided import became_of
from insights.drawing import Figure
from insights.live import Live, live_of
from insights.month import Month, month_of, open_leads
from leads.models import Organisation
from predictions.living import living_of
from predictions.measurement import ALARM_DAYS
from predictions.overriding import Record, who_was_right

ENOUGH = 20


@dataclass(frozen=True)
class Overview:
    """What the page shows; a figure is None where there is nothing to draw yet."""

    by_action: list[tuple[words.Action, int]]
    unscored: int
    month: Month
    became: Figure | None
    decided: int
    bands: Figure | None
    is_rehearsed: bool
    answered: Figure | None
    overrides: Record


def overview(org: Organisation) -> Overview:
    """All of it, in a fixed number of statements."""
    at = org.now()
    groups = open_leads(org, at)
    became, answered = became_of(org, at), answered_by_band(org, at)
    told, is_rehearsed = _told(org.org_id)
    rows = [(action, became[action.code]) for action in words.ACTIONS if action.code in became]
    return Overview(
        by_action=[
            (action, sum(each.scored for each in groups if each.action == action.code)) for action in words.ACTIONS
        ],
        unscored=sum(each.leads - each.scored for each in groups),
        month=month_of(org, at, groups),
        became=overview_figures.became(rows) if rows else None,
        decided=sum(each.decided for each in became.values()),
        bands=overview_figures.by_band(told["bands"]) if told else None,
        is_rehearsed=is_rehearsed,
        answered=overview_figures.answered(answered) if answered else None,
        overrides=who_was_right(org.org_id),
    )


def _told(org_id: str) -> tuple[Mapping[str, Any] | None, bool]:
    """What was measured last of what was said: of the active version, of every model, or of its rehearsal."""
    living = living_of(org_id)
    realised = sorted(living.realised, key=lambda each: each["window_days"] != ALARM_DAYS) + living.every_model
    for window in realised:
        if window["leads"] >= ENOUGH and window["bands"]:
            return window, False
    rehearsed = living.rehearsed
    return (rehearsed, True) if rehearsed and rehearsed["bands"] else (None, False)


@dataclass(frozen=True)
class LiveNow:
    """The part of the page that moves by itself."""

    live: Live
    volume: Figure


def live_now(org: Organisation) -> LiveNow:
    """The last hour. One statement."""
    live = live_of(org.org_id, timezone.now())
    return LiveNow(live, overview_figures.volume(live))
