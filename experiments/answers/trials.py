"""What stands around an experiment's result: its history, the plan of a new one, and the self-test."""

from __future__ import annotations

import math
from typing import Any

from common.audit import AuditEntry
from common.serializers import iso
from experiments.planning import Planned
from experiments.statistics.rehearsal import Rehearsal


def act(row: AuditEntry) -> dict[str, Any]:
    """Who did what with an experiment, and when."""
    return {
        "act": row.act.removeprefix("experiment."),
        "by": row.by,
        "at": iso(row.at),
        "from": row.before,
        "to": row.after,
        "reason": row.reason,
    }


def self_tested(found: Rehearsal | None) -> dict[str, Any]:
    """How often an experiment without any effect names a winner here."""
    return {
        "leads": found.leads if found else 0,
        "experiments": found.experiments if found else 0,
        "looks": found.looks if found else 0,
        "always_valid": found.always_valid if found else None,
        "fixed_at_every_look": found.fixed if found else None,
        "fixed_once": found.last_look if found else None,
        "sample_ratio_alarm": found.sample_ratio if found else None,
        "reason": None if found else "NOT_ENOUGH_DATA",
    }


def planned(found: Planned, said: dict[str, Any]) -> dict[str, Any]:
    """What an experiment needs, beside what was asked."""
    control = None if found.leads is None else math.ceil(found.leads * said["traffic_split"])
    return {
        "baseline_rate": found.rate,
        "smallest_lift": said["smallest_lift"],
        "power": said["power"],
        "horizon": said["horizon"],
        "leads": found.leads,
        "leads_control": control,
        "leads_treatment": None if found.leads is None or control is None else found.leads - control,
        "leads_otherwise": found.leads_otherwise,
        "leads_per_day": found.leads_per_day,
        "days_to_enrol": found.days_to_enrol,
        "days": found.days,
        "reason": found.reason,
        "warnings": found.warnings,
    }
