"""Changing an organisation's policy, always with a row that says who did."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from common import audit
from models_registry.models import Policy


@transaction.atomic
def set_policy(*, policy: Policy, by: str, at: datetime) -> Policy:
    """Stores the policy. The same again changes nothing and writes no row."""
    stored = Policy.objects.select_for_update().filter(pk=policy.pk).first()
    before, after = (stored or Policy(org_id=policy.org_id)).to_json(), policy.to_json()
    if stored is not None and before == after:
        return stored
    kept, _ = Policy.objects.update_or_create(org_id=policy.org_id, defaults=after)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    words = ", ".join(f"{name}: {old} to {new}" for name, (old, new) in changed.items())
    audit.record(org_id=policy.org_id, act="policy.change", by=by, at=at, reason=words, evidence=changed)
    return kept
