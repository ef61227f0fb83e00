"""What an experiment is to be: its arms, on whom, and by what it will be decided; checked, and hashed at the start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from experiments.models import CONTROL, NAME_LENGTH, TREATMENT, Experiment
from experiments.populations import canonical
from experiments.statistics.deciding import ALPHA, METHOD
from models_registry import thresholds
from models_registry.learning.rules import Rule
from models_registry.models import ModelVersion
from models_registry.scorers import ML, PINNED, RULE_BASED, rules_of

MOST_ARMS = 10
TWO_ARMS = ("control_method", "treatment_method", "traffic_split")
"""The contract's own form of the arms, which the rows have too; the other is a list of them."""
GUARDRAILS: dict[str, Any] = {"revenue_margin": 0.1, "response_margin": 0.25, "stop_on_breach": False}
"""Revenue per lead may fall, and the first response come later, by so much of control's."""


class Impossible(ValueError):
    """The design cannot be used; `problems` says why, by field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{name} {problem}" for name, problem in problems.items()))


@dataclass(frozen=True)
class Arm:
    """One way of scoring, and its share of the leads."""

    name: str
    method: str
    share: float

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"name": self.name, "method": self.method, "share": self.share}


@dataclass(frozen=True)
class Plan:
    """What somebody wants to compare. The first arm is control."""

    name: str
    arms: Sequence[Arm]
    description: str = ""
    population: Mapping[str, Any] = field(default_factory=dict)
    coverage: float = 1.0
    attribution_days: int = 30
    revenue_cap: float = 0.99
    planned_leads: int | None = None
    guardrails: Mapping[str, Any] = field(default_factory=dict)

    def experiment(self, org_id: str) -> Experiment:
        """The unsaved row of it. Raises Impossible."""
        problems = problems_with(org_id, self.arms)
        if problems:
            raise Impossible(problems)
        return Experiment(
            org_id=org_id,
            name=self.name,
            description=self.description,
            control_method=self.arms[0].method,
            treatment_method=self.arms[1].method,
            traffic_split=self.arms[0].share,
            arms=[arm.to_json() for arm in self.arms],
            population=canonical(self.population),
            coverage=self.coverage,
            attribution_days=self.attribution_days,
            revenue_cap=self.revenue_cap,
            planned_leads=self.planned_leads,
            guardrails=GUARDRAILS | dict(self.guardrails),
        )


def two_arms(control: str, treatment: str, split: float) -> list[Arm]:
    """The contract's two arms; `split` is the share of control."""
    return [Arm(CONTROL, control, split), Arm(TREATMENT, treatment, 1.0 - split)]


def problems_with(org_id: str, arms: Sequence[Arm]) -> dict[str, str]:
    """What is wrong with the arms, by the contract's field; empty where nothing is."""
    if not 2 <= len(arms) <= MOST_ARMS:
        return {"variants": f"must be 2 to {MOST_ARMS}."}
    if not all(0 < len(arm.name) <= NAME_LENGTH and "\x00" not in arm.name for arm in arms):
        return {"variants": f"must have names of 1 to {NAME_LENGTH} characters, none of them NUL."}
    if len({arm.name for arm in arms}) != len(arms):
        return {"variants": "must have names of their own."}
    if not all(0 < arm.share < 1 for arm in arms) or abs(sum(arm.share for arm in arms) - 1) > 1e-9:
        return {"traffic_split" if len(arms) == 2 else "variants": "shares must lie between 0 and 1 and sum to 1."}
    names = ("control_method", "treatment_method") if len(arms) == 2 else ("variants",) * len(arms)
    unknown = [not is_known(org_id, arm.method) for arm in arms]
    return {
        name: f"{arm.method} is no method: RULE_BASED, ML, or ML:<version> of a version that is kept."
        for name, arm, is_bad in zip(names, arms, unknown, strict=True)
        if is_bad
    }


def is_known(org_id: str, method: str) -> bool:
    """Whether leads can be scored by it."""
    return method in (RULE_BASED, ML) or pinned_version(org_id, method) is not None


def pinned_version(org_id: str, method: str) -> ModelVersion | None:
    """The kept version that `ML:<version>` names; None for other methods."""
    if not method.startswith(PINNED) or "\x00" in method:
        return None
    return ModelVersion.objects.of(org_id).usable().filter(version=method.removeprefix(PINNED)).first()


def design_of(experiment: Experiment) -> dict[str, Any]:
    """What decides the result, down to models, rules, calibrations and thresholds as they are now."""
    return {
        "unit": "lead",
        "hash": "growthbook-v2",
        "salt": experiment.salt,
        "iteration": experiment.iteration,
        "arms": [arm | _model_of(experiment.org_id, arm["method"]) for arm in experiment.arms],
        "population": experiment.population,
        "coverage": experiment.coverage,
        "primary_metric": "conversion",
        "attribution_days": experiment.attribution_days,
        "revenue_cap": experiment.revenue_cap,
        "method": METHOD,
        "alpha": ALPHA,
        "planned_leads": experiment.planned_leads,
        "guardrails": experiment.guardrails,
    }


def changed_arms(experiment: Experiment) -> list[str]:
    """The names of arms that score otherwise than was hashed at the start; none once arms no longer score leads.

    Only what was hashed is compared: earlier designs do not contain rules, calibration and thresholds.
    """
    if not experiment.is_assigning or experiment.design is None:
        return []
    hashed = experiment.design["arms"]
    now = {method: _model_of(experiment.org_id, method) for method in {arm["method"] for arm in hashed}}
    return [
        arm["name"] for arm in hashed if any(arm.get(key, told) != told for key, told in now[arm["method"]].items())
    ]


def _model_of(org_id: str, method: str) -> dict[str, Any]:
    """What scores behind a method, and by which thresholds it recommends.

    That is the version that is pinned for good, the one that `ML` means now, or the rules, which `ML` means where no
    version is active.
    """
    pinned = pinned_version(org_id, method)
    version = None if method == RULE_BASED else pinned or ModelVersion.objects.of(org_id).active().first()
    if version is None:
        rules = hash_of([_told(rule) for rule in rules_of(org_id)])
        limits = thresholds.installation()
        return {"version": None, "digest": None, "pinned": False, "rules": rules, "thresholds": limits}
    return {
        "version": version.version,
        "digest": version.digest,
        "pinned": pinned is not None,
        "calibration": version.calibration,
        "thresholds": thresholds.of(version),
    }


def _told(rule: Rule) -> dict[str, Any]:
    """A rule as plain data with its numbers as floats: the default table has integers where a stored row has floats."""
    return {name: float(told) if isinstance(told, int) else told for name, told in asdict(rule).items()}


def hash_of(design: Any) -> str:
    """SHA-256 of a design, whatever the order of its fields."""
    text = json.dumps(design, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
