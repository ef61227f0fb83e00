"""Both methods' predictions for the same leads: where they differ, and how good each was on all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from common.arrays import Bools, Floats
from experiments.aggregates import Aggregates, ByActions
from experiments.conversions import CONVERTED
from experiments.days import matured_before
from experiments.models import Experiment
from experiments.standing import Standing
from experiments.statistics import proportions
from experiments.statistics.deciding import AlwaysValid, always_valid
from experiments.statistics.estimates import Estimate
from experiments.statistics.proportions import Counts
from leads.bulk import fetch
from models_registry.learning.curves import calibration, lift
from models_registry.learning.evaluation import calibration_error, log_losses
from models_registry.learning.ranking import Delong, delong

MOST = 20_000
SAID = f"""
SELECT EXISTS (SELECT FROM lead_outcome o WHERE o.dossier_id = x.dossier_id AND {CONVERTED}), {{probabilities}}
FROM ab_test_experiment e CROSS JOIN LATERAL (
    SELECT dossier_id, first_at, probabilities FROM ab_test_exposure
    WHERE experiment_id = e.id AND first_at < %s AND probabilities IS NOT NULL
    ORDER BY first_at DESC LIMIT %s) AS x
WHERE e.id = %s
"""


@dataclass(frozen=True)
class Differing:
    """The comparison on leads for which the two methods recommend different actions, whoever was followed.

    On the others nothing can come of the arm. `share` is that of such leads among all of which both are known.
    """

    variant: str
    leads: int
    share: float | None
    control: Counts
    treatment: Counts
    difference: Estimate
    lift: Estimate
    always_valid: AlwaysValid


def differing(arms: Sequence[Standing], counted: Aggregates) -> list[Differing]:
    """Each treatment's."""
    return [_differing(arms, number, counted) for number in range(1, len(arms))]


def _differing(arms: Sequence[Standing], number: int, counted: Aggregates) -> Differing:
    control, treatment = arms[0], arms[number]
    both = (control.variant, treatment.variant)
    known = [row for row in counted.by_actions if row.actions and row.variant in both]
    apart = [row for row in known if row.actions and row.actions[0] != row.actions[number]]
    old, new = (_matured(row for row in apart if row.variant == name) for name in both)
    everybody, leads = _leads(known), _leads(apart)
    return Differing(
        variant=treatment.variant,
        leads=leads,
        share=leads / everybody if everybody else None,
        control=old,
        treatment=new,
        difference=proportions.difference(old, new),
        lift=proportions.lift(old, new),
        always_valid=always_valid(
            old, new, treatment.share / (control.share + treatment.share), treatments=len(arms) - 1
        ),
    )


def _matured(rows: Iterable[ByActions]) -> Counts:
    counts = [row.matured for row in rows]
    return Counts(sum(each.conversions for each in counts), sum(each.leads for each in counts))


@dataclass(frozen=True)
class Agreed:
    """Leads of all arms, of which control's method says one thing and the treatment's another, and who converted."""

    variant: str
    control_action: str
    treatment_action: str
    leads: int
    matured: Counts


def agreement(arms: Sequence[Standing], counted: Aggregates) -> list[Agreed]:
    """The table of both methods' recommendations, for each treatment."""
    made = []
    for number, arm in enumerate(arms[1:], start=1):
        pairs: dict[tuple[str, str], list[ByActions]] = {}
        for row in counted.by_actions:
            if row.actions:
                pairs.setdefault((row.actions[0], row.actions[number]), []).append(row)
        made += [Agreed(arm.variant, *pair, _leads(rows), _matured(rows)) for pair, rows in sorted(pairs.items())]
    return made


def _leads(rows: Iterable[ByActions]) -> int:
    return sum(row.leads for row in rows)


@dataclass(frozen=True)
class Followed:
    """Leads of an arm that were given one recommendation, and who of those whose window is over converted."""

    variant: str
    action: str
    leads: int
    matured: Counts


def followed(arms: Sequence[Standing], counted: Aggregates) -> list[Followed]:
    """By arm and by what was recommended to the people who worked the leads."""
    made = []
    for number, arm in enumerate(arms):
        given: dict[str, list[ByActions]] = {}
        for row in counted.by_actions:
            if row.actions and row.variant == arm.variant:
                given.setdefault(row.actions[number], []).append(row)
        made += [Followed(arm.variant, each, _leads(rows), _matured(rows)) for each, rows in sorted(given.items())]
    return made


@dataclass(frozen=True)
class Merit:
    """How good one method's probabilities were on the mature leads of all arms. Figures that need both outcomes are
    None where there is one."""

    variant: str
    leads: int
    roc_auc: float | None
    log_loss: float
    brier: float
    calibration_error: float
    calibration: list[dict[str, object]]
    lift: list[dict[str, object]] | None
    roc_auc_ahead: Estimate
    """Of control's, with DeLong's paired interval."""


NOTHING_TO_RANK, ITSELF, NO_VARIATION = "ONE_OUTCOME_ONLY", "CONTROL_ITSELF", "NO_VARIATION"


def merits(experiment: Experiment, at: datetime) -> list[Merit]:
    """Each arm's method on the newest 20,000 mature leads, in one statement: the same leads and outcomes for all."""
    since = matured_before(experiment, at)
    columns = ", ".join(f"x.probabilities[{number}]" for number, _ in enumerate(experiment.arms, start=1))
    rows = fetch(SAID.format(probabilities=columns), since, MOST, experiment.pk)
    if not rows:
        return []
    table = np.array(rows, dtype=np.float64)
    converted, said = table[:, 0].astype(np.bool_), table[:, 1:]
    return [_merit(name, said[:, at_], said[:, 0], converted, at_) for at_, name in enumerate(experiment.variants)]


def _merit(variant: str, said: Floats, champions: Floats, converted: Bools, number: int) -> Merit:
    weight, both = np.ones(len(said)), bool(converted.any() and not converted.all())
    ranked = delong(said, champions, converted) if both else None
    return Merit(
        variant=variant,
        leads=len(said),
        roc_auc=ranked.auc_a if ranked else None,
        log_loss=float(log_losses(said, converted).mean()),
        brier=float(((said - converted) ** 2).mean()),
        calibration_error=calibration_error(said, converted, weight),
        calibration=calibration(said, converted, weight),
        lift=lift(said, converted, weight) if both else None,
        roc_auc_ahead=_ahead(ranked, number),
    )


def _ahead(ranked: Delong | None, number: int) -> Estimate:
    if ranked is None:
        return Estimate.unknown(NOTHING_TO_RANK)
    if not number:
        return Estimate.unknown(ITSELF)
    if not ranked.deviation:
        return Estimate(ranked.difference, None, None, reason=NO_VARIATION)
    return Estimate(ranked.difference, *ranked.interval())
