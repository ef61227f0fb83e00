"""The shapes of what an experiment says, and of plans, in answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.serializers import MomentField
from experiments.api.trial_shapes import TrialOut
from experiments.statistics.deciding import ASYMPTOTIC, EXACT, REASONS


class FigureOut(serializers.Serializer[Any]):
    """A figure with its interval; null with a reason where it cannot be computed. A null bound alone has no end."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    level = serializers.FloatField()
    reason = serializers.CharField(allow_null=True)


class RevenueDifferenceOut(FigureOut):
    """The same with a p-value."""

    p_value = serializers.FloatField(allow_null=True)


class CountsOut(serializers.Serializer[Any]):
    """Leads, those that converted, and the rate with Wilson's interval."""

    leads = serializers.IntegerField()
    conversions = serializers.IntegerField()
    conversion_rate = FigureOut()


class DaysOut(serializers.Serializer[Any]):
    """A number of days; null with a reason."""

    value = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class ArmMetricsOut(serializers.Serializer[Any]):
    """How an arm stands. The first fields count all its leads so far, `matured` those whose window is over."""

    variant = serializers.CharField()
    method = serializers.CharField()
    share = serializers.FloatField()
    total_predictions = serializers.IntegerField()
    leads = serializers.IntegerField()
    conversions = serializers.IntegerField()
    conversion_rate = serializers.FloatField(allow_null=True)
    matured = CountsOut()
    revenue_per_lead = FigureOut(help_text="Of mature leads; capped.")
    median_days_to_conversion = DaysOut(help_text="Of the mature leads that converted.")


class FixedOut(serializers.Serializer[Any]):
    """A test that holds if it is looked at once."""

    test = serializers.ChoiceField(["Z", "FISHER"])
    p_value = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class AlwaysValidOut(serializers.Serializer[Any]):
    """What holds however often it is looked at, and decides."""

    decides = serializers.ChoiceField([EXACT, ASYMPTOTIC])
    p_value = serializers.FloatField(allow_null=True)
    difference = FigureOut()
    lift = FigureOut()
    excludes_zero = serializers.BooleanField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class BeliefOut(serializers.Serializer[Any]):
    """Under flat priors. Shown, never deciding."""

    probability_better = serializers.FloatField(allow_null=True)
    expected_loss_if_treatment = serializers.FloatField(allow_null=True)
    expected_loss_if_control = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class LessNoiseOut(serializers.Serializer[Any]):
    """The difference with the champion's own probabilities as covariate (CUPED)."""

    difference = FigureOut()
    always_valid = FigureOut()
    p_value = serializers.FloatField(allow_null=True)
    variance_reduction = serializers.FloatField(allow_null=True)


class ComparisonOut(serializers.Serializer[Any]):
    """A treatment against control, on leads whose window is over."""

    variant = serializers.CharField()
    difference = FigureOut(help_text="In rate; Newcombe's interval.")
    lift = FigureOut(help_text="Relative; from Wilson's limits.")
    fixed_horizon = FixedOut()
    always_valid = AlwaysValidOut()
    adjusted_p_value = serializers.FloatField(
        allow_null=True, help_text="The always-valid one, by Holm where there are several treatments."
    )
    belief = BeliefOut()
    less_noise = LessNoiseOut()
    revenue_per_lead = RevenueDifferenceOut()


class CurvePointOut(serializers.Serializer[Any]):
    """The share converted by the end of a day."""

    day = serializers.IntegerField()
    converted = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    at_risk = serializers.IntegerField()


class CurveOut(serializers.Serializer[Any]):
    """Kaplan and Meier's curve of an arm."""

    variant = serializers.CharField()
    points = CurvePointOut(many=True)
    median_days = DaysOut()


class SpeedOut(serializers.Serializer[Any]):
    """Whether a treatment only speeds conversion up."""

    variant = serializers.CharField()
    is_so = serializers.BooleanField(allow_null=True)
    words = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class ProvisionalOut(serializers.Serializer[Any]):
    """Of all leads so far, the windows of many being open."""

    curves = CurveOut(many=True)
    faster_not_more = SpeedOut(many=True)
    words = serializers.CharField()


class StratumOut(serializers.Serializer[Any]):
    """Leads by arm within one source or owner."""

    name = serializers.CharField(allow_null=True)
    leads = serializers.ListField(child=serializers.IntegerField())
    p_value = serializers.FloatField()
    holds = serializers.BooleanField()


class RatioOut(serializers.Serializer[Any]):
    """Whether leads fall into the arms as designed; below 0.001 the result is withheld."""

    leads = serializers.ListField(child=serializers.IntegerField(), help_text="In the order of the arms.")
    expected = serializers.ListField(child=serializers.FloatField())
    p_value = serializers.FloatField(allow_null=True, help_text="Sequential: it holds at every look.")
    holds = serializers.BooleanField()
    by_source = StratumOut(many=True)
    by_owner = StratumOut(many=True)


class GuardrailOut(serializers.Serializer[Any]):
    """What must not fall: the relative change, with an interval that holds at every look."""

    name = serializers.ChoiceField(["revenue_per_lead", "first_response"])
    variant = serializers.CharField()
    change = FigureOut()
    margin = serializers.FloatField()
    breached = serializers.BooleanField()


class DifferingOut(serializers.Serializer[Any]):
    """The comparison on leads for which both methods recommend different actions."""

    variant = serializers.CharField()
    leads = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    control = CountsOut()
    treatment = CountsOut()
    difference = FigureOut()
    lift = FigureOut()
    always_valid = AlwaysValidOut()


class AgreedOut(serializers.Serializer[Any]):
    """Leads by what both methods recommend."""

    variant = serializers.CharField()
    control_action = serializers.CharField()
    treatment_action = serializers.CharField()
    leads = serializers.IntegerField()
    matured = CountsOut()


class MethodOut(serializers.Serializer[Any]):
    """How good a method's probabilities were on all mature leads (the newest 20,000)."""

    variant = serializers.CharField()
    leads = serializers.IntegerField()
    roc_auc = serializers.FloatField(allow_null=True)
    roc_auc_ahead = FigureOut(help_text="Of control's; DeLong's paired interval.")
    log_loss = serializers.FloatField()
    brier = serializers.FloatField()
    calibration_error = serializers.FloatField()
    calibration = serializers.ListField(child=serializers.DictField())
    lift = serializers.ListField(child=serializers.DictField(), allow_null=True)


class NotRandomisedOut(serializers.Serializer[Any]):
    """Both methods by the same outcomes."""

    words = serializers.CharField()
    agreement = AgreedOut(many=True)
    methods = MethodOut(many=True)


class ResponseOut(serializers.Serializer[Any]):
    """How soon leads were answered: mean minutes, unanswered ones counting as three days."""

    leads = serializers.IntegerField()
    answered = serializers.IntegerField()
    minutes = FigureOut()


class FollowedOut(serializers.Serializer[Any]):
    """Leads of an arm by what was recommended."""

    variant = serializers.CharField()
    action = serializers.CharField()
    leads = serializers.IntegerField()
    matured = CountsOut()
    first_response = ResponseOut()


class ArmResponseOut(serializers.Serializer[Any]):
    """An arm's first responses."""

    variant = serializers.CharField()
    cap_minutes = serializers.FloatField()
    first_response = ResponseOut()


class LoadOut(serializers.Serializer[Any]):
    """An owner's leads by arm."""

    owner = serializers.CharField(allow_null=True)
    leads = serializers.DictField(child=serializers.IntegerField())


class PeopleOut(serializers.Serializer[Any]):
    """What people did with the recommendations."""

    by_action = FollowedOut(many=True)
    by_arm = ArmResponseOut(many=True)
    load_by_owner = LoadOut(many=True)


class LookOut(serializers.Serializer[Any]):
    """What was to be said on a day: the lift with its always-valid band."""

    at = MomentField()
    variant = serializers.CharField()
    leads = serializers.IntegerField()
    decides = serializers.ChoiceField([EXACT, ASYMPTOTIC])
    lift = FigureOut()
    p_value = serializers.FloatField(allow_null=True)


class OutlookOut(serializers.Serializer[Any]):
    """How long still at today's traffic."""

    leads_per_day = serializers.FloatField()
    remaining_leads = serializers.IntegerField(allow_null=True)
    remaining_days = serializers.IntegerField(allow_null=True)
    detectable_lift = serializers.FloatField(
        allow_null=True, help_text="What the mature leads that there are would find in four cases of five."
    )


class MetricsOut(serializers.Serializer[Any]):
    """What an experiment says."""

    control_metrics = ArmMetricsOut()
    treatment_metrics = ArmMetricsOut()
    winner = serializers.CharField(allow_null=True, help_text="The method that wins.")
    improvement = serializers.CharField(allow_null=True, help_text="Of the rates of all leads so far.")
    improvement_is_provisional = serializers.BooleanField(help_text="Whether windows are open still.")
    winning_variant = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text=f"Why there is no winner: {', '.join(REASONS)}.")
    words = serializers.CharField(help_text="What to do now.")
    arms = ArmMetricsOut(many=True)
    comparisons = ComparisonOut(many=True)
    provisional = ProvisionalOut()
    sample_ratio = RatioOut()
    guardrails = GuardrailOut(many=True)
    only_where_they_differ = DifferingOut(many=True)
    not_randomised = NotRandomisedOut()
    what_people_did = PeopleOut()
    changed_since_the_start = serializers.ListField(
        child=serializers.CharField(),
        help_text="Arms whose model, rules, calibration or thresholds are not those of the hashed design any more.",
    )
    looks = LookOut(many=True)
    outlook = OutlookOut()
    as_of = MomentField()
    attribution_days = serializers.IntegerField()
    revenue_cap = serializers.FloatField(allow_null=True, help_text="What more than it counts as.")
    experiment = TrialOut()


class SelfTestOut(serializers.Serializer[Any]):
    """Of experiments without any effect, the share that named a winner at one look or another; null with a reason."""

    leads = serializers.IntegerField()
    experiments = serializers.IntegerField()
    looks = serializers.IntegerField()
    always_valid = serializers.FloatField(allow_null=True, help_text="What decides here: 0.05 at most.")
    fixed_at_every_look = serializers.FloatField(allow_null=True)
    fixed_once = serializers.FloatField(allow_null=True)
    sample_ratio_alarm = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class PlanOut(serializers.Serializer[Any]):
    """What an experiment needs; null with a reason."""

    baseline_rate = serializers.FloatField(allow_null=True)
    smallest_lift = serializers.FloatField()
    power = serializers.FloatField()
    horizon = serializers.ChoiceField(["SEQUENTIAL", "FIXED"])
    leads = serializers.IntegerField(allow_null=True, help_text="In both arms together.")
    leads_control = serializers.IntegerField(allow_null=True)
    leads_treatment = serializers.IntegerField(allow_null=True)
    leads_otherwise = serializers.IntegerField(
        allow_null=True, help_text="What the other horizon needs: looked at once, or all the time."
    )
    leads_per_day = serializers.FloatField()
    days_to_enrol = serializers.IntegerField(allow_null=True)
    days = serializers.IntegerField(allow_null=True, help_text="Until the last window is over; two weeks at least.")
    reason = serializers.CharField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
