"""Planning an experiment from the organisation's own leads: how many come in a day, and how many of them convert."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.language import gettext as _
from experiments.populations import IN_POPULATION, canonical
from experiments.statistics import planning as sums
from experiments.statistics.deciding import LEAST_DAYS
from experiments.statistics.planning import FIXED, SEQUENTIAL, Aim
from leads.bulk import fetch

A_DAY, RECENT = timedelta(days=1), timedelta(days=28)
LONG_DAYS = 183
NO_LEADS, NO_CONVERSIONS, TOO_MANY_LEADS = "NO_LEADS", "NO_CONVERSIONS", "TOO_MANY_LEADS"
BEYOND_CERTAINTY = "BEYOND_CERTAINTY"
# Since when leads come in, and how many did lately; of a month of leads whose window has gone by, how many converted
# within it.
TRAFFIC = f"""
SELECT (SELECT min(created_at) FROM dossier WHERE org_id = %s), count(*) FILTER (WHERE d.created_at > %s),
       count(*) FILTER (WHERE d.created_at <= %s),
       count(*) FILTER (WHERE d.created_at <= %s AND EXISTS (
           SELECT FROM lead_outcome o WHERE o.dossier_id = d.id AND o.superseded_at IS NULL AND o.converted
           AND o.occurred_at <= d.created_at + %s))
FROM dossier d WHERE d.org_id = %s AND d.created_at > %s AND d.created_at <= %s
  AND {IN_POPULATION.format(population="%s::jsonb")}
"""


@dataclass(frozen=True)
class Traffic:
    """Leads a day, and the share that converts within the window; None where there were none to tell it by."""

    leads_per_day: float
    rate: float | None


@dataclass(frozen=True)
class Planned:
    """What it takes. Leads are those of both arms together, days until the last window is over.

    `otherwise` are the leads that the other horizon needs: looked at once, or all the time.
    """

    rate: float | None
    leads_per_day: float
    leads: int | None
    leads_otherwise: int | None
    days_to_enrol: int | None
    days: int | None
    reason: str | None
    warnings: list[str]


def traffic(org_id: str, *, attribution_days: int, population: Mapping[str, Any], at: datetime) -> Traffic:
    """The organisation's own, as of its present `at`. One statement."""
    window = timedelta(days=attribution_days)
    past, among = at - window, json.dumps(canonical(population))
    since = min(at - RECENT, past - RECENT)
    rows = fetch(TRAFFIC, org_id, at - RECENT, past, past, window, org_id, since, at, among)
    ((first, lately, mature, converted),) = rows
    days = min(max(at - (first or at), A_DAY), RECENT) / A_DAY
    return Traffic(lately / days, converted / mature if mature else None)


def plan(
    *,
    rate: float | None,
    leads_per_day: float,
    lift: float,
    power: float,
    treatment_share: float,
    attribution_days: int,
    horizon: str,
) -> Planned:
    """Leads and days for this power."""
    reason = _reason_against(rate, lift)
    if rate is None or reason:
        return Planned(rate, leads_per_day, None, None, None, None, reason, [])
    aim = Aim(rate, lift, treatment_share)
    leads = sums.leads_needed(aim, power, horizon)
    other = sums.leads_needed(aim, power, FIXED if horizon == SEQUENTIAL else SEQUENTIAL)
    enrol = math.ceil(leads / leads_per_day) if leads and leads_per_day else None
    days = None if enrol is None else max(enrol, LEAST_DAYS) + attribution_days
    reason = TOO_MANY_LEADS if leads is None else None if leads_per_day else NO_LEADS
    return Planned(rate, leads_per_day, leads, other, enrol, days, reason, _warnings(enrol, days))


def _reason_against(rate: float | None, lift: float) -> str | None:
    if rate is None:
        return NO_LEADS
    if not rate:
        return NO_CONVERSIONS
    return BEYOND_CERTAINTY if rate * (1 + lift) >= 1 else None


def _warnings(enrol: int | None, days: int | None) -> list[str]:
    found = []
    if enrol is not None and enrol < LEAST_DAYS:
        found.append(
            _("Enough leads within two weeks: run it for two weeks all the same, so that every weekday is in it.")
        )
    if days is not None and days > LONG_DAYS:
        found.append(_("More than half a year: look for a larger lift, take more of the leads, or do not run it."))
    return found
