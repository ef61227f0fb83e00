"""Leads that have a prediction and a score, without a model that made them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from leads import snapshots
from leads.catalogue import columns_of
from leads.models import Dossier, LeadScore, Organisation
from leads.tests.cast import a_lead
from models_registry import scorers
from predictions.models import Prediction
from predictions.scoring import predictions_from


def a_scored_lead(probability: float = 0.6, *, vector: list[list[Any]] | None = None, **fields: Any) -> Dossier:
    """A lead of ten days with a prediction and the current score that goes with it."""
    now = datetime.now(timezone.utc)
    score_fields = {name: fields.pop(name) for name in ("action", "expected_value") if name in fields}
    version = fields.pop("model_version", None)
    lead = a_lead(now - timedelta(days=10), **fields)
    prediction = Prediction.objects.create(
        org_id=lead.org_id,
        dossier=lead,
        predicted_at=now,
        as_of=now,
        method="ML" if version else "RULE_BASED",
        model_version=version,
        conversion_probability=probability,
        probability_low=max(probability - 0.1, 0),
        probability_high=min(probability + 0.1, 1),
        confidence=0.8,
        base_probability=0.2,
        recommended_action=score_fields.get("action", "MEDIUM_PRIORITY"),
        vector=vector or [["appointments_count", 3, probability - 0.2], ["source", None, 0.0]],
    )
    LeadScore.objects.create(
        org_id=lead.org_id,
        dossier=lead,
        probability=probability,
        confidence=0.8,
        prediction_id=prediction.pk,
        method=prediction.method,
        model_version=version,
        scored_at=now,
        **{"action": "MEDIUM_PRIORITY"} | score_fields,
    )
    return lead


def a_prediction(lead: Dossier, at: datetime) -> Prediction:
    """What scoring the lead at a moment of the past would have stored."""
    chosen = scorers.active(lead.org_id)
    read = snapshots.take(Organisation.get(lead.org_id), [lead.pk], [at])
    prediction = predictions_from(lead.org_id, chosen, columns_of(read, chosen.scorer.features), at)[0]
    prediction.dossier, prediction.as_of = lead, at
    prediction.save()
    return prediction


def again(lead: Dossier, probability: float, *, days_ago: float) -> Prediction:
    """The lead's prediction once more, as it would have been some days before."""
    row = Prediction.objects.filter(dossier=lead).latest("predicted_at")
    row.pk = None
    row.predicted_at = row.as_of = datetime.now(timezone.utc) - timedelta(days=days_ago)
    row.conversion_probability = probability
    row.probability_low, row.probability_high = max(probability - 0.1, 0), min(probability + 0.1, 1)
    row.save(force_insert=True)
    return row
