"""The shapes of an experiment itself, in answers: its arms, its life, and who did what."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.serializers import MomentField
from experiments.models import Decision, ExperimentStatus


class ArmOut(serializers.Serializer[Any]):
    """One way of scoring, and its share of the leads."""

    name = serializers.CharField()
    method = serializers.CharField()
    share = serializers.FloatField()


class TrialOut(serializers.Serializer[Any]):
    """An experiment. Its design is null until it is started; from then on it stands."""

    id = serializers.IntegerField()
    experiment_name = serializers.CharField()
    description = serializers.CharField()
    status = serializers.ChoiceField(ExperimentStatus.choices)
    control_method = serializers.CharField()
    treatment_method = serializers.CharField()
    traffic_split = serializers.FloatField(help_text="The share of control.")
    variants = ArmOut(many=True, help_text="All arms, control first.")
    population = serializers.DictField(help_text="Which leads; empty: all that are undecided.")
    coverage = serializers.FloatField()
    attribution_days = serializers.IntegerField()
    revenue_cap = serializers.FloatField(help_text="A quantile.")
    planned_leads = serializers.IntegerField(allow_null=True)
    guardrails = serializers.DictField()
    iteration = serializers.IntegerField()
    previous = serializers.IntegerField(allow_null=True, help_text="The experiment that this is an iteration of.")
    salt = serializers.CharField(help_text="What the arms are drawn by.")
    design = serializers.DictField(allow_null=True, help_text="What decides the result, as it was at the start.")
    design_hash = serializers.CharField(allow_null=True, help_text="SHA-256 of the design.")
    created_at = MomentField()
    created_by = serializers.CharField()
    started_at = MomentField(allow_null=True)
    enrolment_closed_at = MomentField(allow_null=True)
    stopped_at = MomentField(allow_null=True)
    decision = serializers.CharField(allow_null=True, help_text=", ".join(Decision.values))
    decided_by = serializers.CharField(allow_null=True)
    decision_reason = serializers.CharField()


class ActOut(serializers.Serializer[Any]):
    """Who did what, and when."""

    # "from" cannot be assigned to by name.
    vars()["from"] = serializers.CharField()
    act = serializers.CharField()
    by = serializers.CharField()
    at = MomentField()
    to = serializers.CharField()
    reason = serializers.CharField()


class TrialWithActsOut(TrialOut):
    """An experiment and its history."""

    acts = ActOut(many=True)
