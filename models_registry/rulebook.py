"""Editing the rules: an organisation's first edit copies the default table, and each leaves an audit row."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from common import audit
from common.turns import take_turn
from models_registry.learning.rules import DEFAULT_RULES
from models_registry.models import ScoringRule

LONGEST = 128


@transaction.atomic
def own_rules(*, org_id: str, by: str, at: datetime) -> bool:
    """Gives the organisation the default table as its own, where it has none; whether it had none."""
    take_turn(f"rules of {org_id}")
    if ScoringRule.objects.of(org_id).exists():
        return False
    ScoringRule.objects.bulk_create(
        ScoringRule(
            org_id=org_id, feature=rule.feature, low=rule.low, high=rule.high, points=rule.points, position=position
        )
        for position, rule in enumerate(DEFAULT_RULES, start=1)
    )
    audit.record(org_id=org_id, act="rules.copy", by=by, at=at, after=f"{len(DEFAULT_RULES)} default rules")
    return True


@transaction.atomic
def save_rule(*, rule: ScoringRule, by: str, at: datetime) -> ScoringRule:
    """Stores a new or changed rule."""
    own_rules(org_id=rule.org_id, by=by, at=at)
    before = ScoringRule.objects.filter(pk=rule.pk).first() if rule.pk else None
    rule.save()
    audit.record(
        org_id=rule.org_id,
        act="rules.change" if before else "rules.add",
        subject=rule.feature,
        by=by,
        at=at,
        before=described(before) if before else "",
        after=described(rule),
    )
    return rule


@transaction.atomic
def delete_rule(*, rule: ScoringRule, by: str, at: datetime) -> None:
    """Drops a rule. Without any left, the default table holds again."""
    audit.record(org_id=rule.org_id, act="rules.delete", subject=rule.feature, by=by, at=at, before=described(rule))
    rule.delete()


def described(rule: ScoringRule) -> str:
    """A rule in a few words: "appointments_count in [1, 2): +20"."""
    low, high = ("" if bound is None else f"{bound:g}" for bound in (rule.low, rule.high))
    return f"{rule.feature} in [{low}, {high}): {rule.points:+g}"[:LONGEST]
