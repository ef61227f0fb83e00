"""What must hold before a result is believed: how leads fell, and what must not fall."""

from __future__ import annotations

from typing import Any

from experiments.guardrails import Guardrail
from experiments.ratio import Ratio, StratumRatio


def sample_ratio(found: Ratio) -> dict[str, Any]:
    """Over all leads, and within each source and owner."""
    return {
        "leads": found.leads,
        "expected": found.expected,
        "p_value": found.p_value,
        "holds": found.holds,
        "by_source": [_stratum(each) for each in found.by_source],
        "by_owner": [_stratum(each) for each in found.by_owner],
    }


def _stratum(each: StratumRatio) -> dict[str, Any]:
    return {"name": each.name, "leads": each.leads, "p_value": each.p_value, "holds": each.holds}


def guardrail(each: Guardrail) -> dict[str, Any]:
    """What must not fall, of one treatment."""
    return {
        "name": each.name,
        "variant": each.variant,
        "change": each.change.to_json(),
        "margin": each.margin,
        "breached": each.breached,
    }
