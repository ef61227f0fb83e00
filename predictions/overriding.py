"""A person's own probability for a lead: given with a reason, taken back, compared with the model's once decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from common import audit
from leads.models import Dossier, LeadScore, Outcome, Override
from models_registry import thresholds
from predictions.actions import LOW_PRIORITY, NURTURE, Thresholds

SET_ASIDE = (NURTURE, LOW_PRIORITY)
"""Whom a person has put here is not called today, whatever the model says."""
CERTAIN = 1.0
"""The confidence that a person's word counts with."""
MOST_COMPARED = 10_000


class NotScored(LookupError):
    """There is no score yet that an override would stand beside."""


@transaction.atomic
def override(*, org_id: str, dossier: Dossier, probability: float, reason: str, by: str, at: datetime) -> Override:
    """Sets a person's probability beside the model's; the one that stood before is kept as ended.

    Raises NotScored where the lead has no score, ValueError where the probability is none or the reason is missing.
    """
    if not 0 <= probability <= 1:
        raise ValueError("A probability is from 0 to 1.")
    if not reason.strip():
        raise ValueError("An override needs a reason.")
    said = LeadScore.objects.select_for_update().filter(dossier=dossier, probability__isnull=False).first()
    if said is None or said.probability is None:
        raise NotScored
    _end(dossier, at)
    action = Thresholds(**thresholds.installation()).action(probability, CERTAIN)
    row = Override.objects.create(
        org_id=org_id,
        dossier=dossier,
        probability=probability,
        action=action,
        reason=reason.strip(),
        by=by,
        at=at,
        model_probability=said.probability,
        model_action=said.action,
        model_version=said.model_version,
        prediction_id=said.prediction_id,
    )
    _note(row, act="override_score", by=by, at=at)
    return row


@transaction.atomic
def take_back(*, dossier: Dossier, by: str, at: datetime) -> bool:
    """Ends the override that stands; false where there is none."""
    LeadScore.objects.select_for_update().filter(dossier=dossier).first()
    row = Override.objects.standing().filter(dossier=dossier).first()
    if row is None:
        return False
    _end(dossier, at)
    _note(row, act="take_back_override", by=by, at=at)
    return True


def _end(dossier: Dossier, at: datetime) -> None:
    Override.objects.standing().filter(dossier=dossier).update(ended_at=at)


def _note(row: Override, *, act: str, by: str, at: datetime) -> None:
    """Names the row and does not repeat it: what was said of the lead, and why, goes with the lead."""
    subject, evidence = f"lead {row.dossier.number}", {"override": row.pk}
    audit.record(org_id=row.org_id, act=act, by=by, at=at, subject=subject, evidence=evidence)


@dataclass(frozen=True)
class Record:
    """How n decided overrides compare with the model: how often each was nearer, and their Brier scores (0 is best)."""

    decided: int
    person_nearer: int
    model_nearer: int
    person_brier: float | None
    model_brier: float | None


def record_of(told: Iterable[tuple[float, float, bool]]) -> Record:
    """From (the person's probability, the model's, whether the lead converted) of each. Pure."""
    errors = [(abs(person - won), abs(model - won)) for person, model, won in told]
    count = len(errors)
    return Record(
        decided=count,
        person_nearer=sum(person < model for person, model in errors),
        model_nearer=sum(model < person for person, model in errors),
        person_brier=sum(person**2 for person, _ in errors) / count if count else None,
        model_brier=sum(model**2 for _, model in errors) / count if count else None,
    )


def who_was_right(org_id: str) -> Record:
    """The newest decided overrides, each lead by the one that stood when it was decided. One statement."""
    outcome = Outcome.objects.current().filter(dossier=OuterRef("dossier"))
    decided = (
        Override.objects.of(org_id)
        .annotate(won=Subquery(outcome.values("converted")), decided_at=Subquery(outcome.values("occurred_at")))
        .stood_at(F("decided_at"))
        .order_by("-at", "-pk")
    )
    return record_of(decided.values_list("probability", "model_probability", "won")[:MOST_COMPARED])
