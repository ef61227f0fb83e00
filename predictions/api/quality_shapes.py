"""What the doors of living figures and drift give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.serializers import MomentField

VERDICTS = ("steady", "slight", "moved")


def _accuracy() -> serializers.FloatField:
    words = "The share of leads of which `prediction` came true. Missing where an older release measured."
    return serializers.FloatField(allow_null=True, required=False, help_text=words)


class BandOut(serializers.Serializer[Any]):
    """Leads that were given about the same probability: "we said 30 %: 28 of 100 converted (20 to 37)"."""

    said = serializers.FloatField(help_text="The mean probability.")
    leads = serializers.IntegerField()
    converted = serializers.IntegerField()
    rate = serializers.FloatField()
    low = serializers.FloatField(help_text="Wilson's 95 % interval of the rate.")
    high = serializers.FloatField()
    holds = serializers.BooleanField(help_text="Whether what was said lies in the interval.")


class PointOut(serializers.Serializer[Any]):
    """A week's or month's leads."""

    leads = serializers.IntegerField()
    converted = serializers.IntegerField()
    rate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    expected = serializers.FloatField()
    roc_auc = serializers.FloatField(allow_null=True)
    log_loss = serializers.FloatField()

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which is a word of the language."""
        return {"from": serializers.DateField()} | super().get_fields()


class SeriesOut(serializers.Serializer[Any]):
    """The figures over time."""

    step = serializers.ChoiceField(["week", "month"])
    points = PointOut(many=True)


class WindowOut(serializers.Serializer[Any]):
    """What was said in a window, against what happened. Of what is null, `reasons` says why."""

    window_days = serializers.IntegerField(help_text="0: since the newest lead that the version learnt from.")
    since = MomentField()
    until = MomentField(help_text="A horizon ago: what was said later is not mature yet.")
    leads = serializers.IntegerField()
    converted = serializers.IntegerField()
    base_rate = serializers.FloatField(allow_null=True)
    expected = serializers.FloatField(allow_null=True, help_text="The mean of the probabilities.")
    roc_auc = serializers.FloatField(allow_null=True)
    roc_auc_interval = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True, help_text="95 %, by DeLong."
    )
    log_loss = serializers.FloatField(allow_null=True)
    brier = serializers.FloatField(allow_null=True)
    accuracy = _accuracy()
    calibration_error = serializers.FloatField(allow_null=True)
    calibration_p = serializers.FloatField(
        allow_null=True, help_text="How probable such a miss is of calibrated probabilities."
    )
    bands = BandOut(many=True)
    series = SeriesOut()
    capped = serializers.BooleanField(
        help_text="Whether only the newest leads were looked at: 50,000, or 5,000 of a rehearsal."
    )
    reasons = serializers.DictField(child=serializers.CharField())


class GivenOut(serializers.Serializer[Any]):
    """What was answered for the same leads, against what happened."""

    leads = serializers.IntegerField()
    expected = serializers.FloatField(allow_null=True, help_text="The mean of the probabilities.")
    roc_auc = serializers.FloatField(allow_null=True)
    roc_auc_interval = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True, help_text="95 %, by DeLong."
    )
    log_loss = serializers.FloatField(allow_null=True)
    brier = serializers.FloatField(allow_null=True)
    accuracy = _accuracy()
    calibration_error = serializers.FloatField(allow_null=True)
    calibration_p = serializers.FloatField(allow_null=True)
    reasons = serializers.DictField(child=serializers.CharField())


class ShadowWindowOut(WindowOut):
    """What a shadow said in a window, against what happened."""

    given = GivenOut()


class ShadowOut(serializers.Serializer[Any]):
    """The version that scores silently, on the leads that it scored."""

    version = serializers.CharField()
    realised = ShadowWindowOut(many=True)


class EstimateOut(serializers.Serializer[Any]):
    """What calibrated probabilities let expect of leads whose outcome is pending (CBPE)."""

    window_days = serializers.IntegerField()
    since = MomentField()
    until = MomentField()
    n = serializers.IntegerField()
    decided = serializers.IntegerField()
    pending = serializers.IntegerField()
    base_rate = serializers.FloatField(allow_null=True)
    roc_auc = serializers.FloatField(allow_null=True)
    log_loss = serializers.FloatField(allow_null=True)
    brier = serializers.FloatField(allow_null=True)
    threshold = serializers.FloatField()
    accuracy = serializers.FloatField(allow_null=True)
    precision = serializers.FloatField(allow_null=True)
    recall = serializers.FloatField(allow_null=True)
    f1 = serializers.FloatField(allow_null=True)
    specificity = serializers.FloatField(allow_null=True)
    capped = serializers.BooleanField()
    reasons = serializers.DictField(child=serializers.CharField())


class MeasuredOut(serializers.Serializer[Any]):
    """Of which version, and when."""

    version = serializers.CharField(allow_null=True)
    measured_at = MomentField(allow_null=True)
    reason = serializers.CharField(
        allow_null=True, help_text="Why there is nothing: no_active_model, not_measured_yet; null where there is."
    )


class QualityOut(MeasuredOut):
    """Whether the active version keeps its word."""

    horizon_days = serializers.IntegerField()
    realised = WindowOut(many=True, help_text="Of the active version.")
    every_model = WindowOut(many=True, help_text="Of whichever model scored at the time.")
    shadow = ShadowOut(allow_null=True, help_text="The version that scores silently beside it; null without one.")
    rehearsed = WindowOut(
        allow_null=True, help_text="Said afterwards, as of then, of leads that the version had not seen."
    )
    estimated = EstimateOut(allow_null=True)


class PsiOut(serializers.Serializer[Any]):
    """The population stability index, and what chance alone exceeds once in a hundred times at these sample sizes."""

    psi = serializers.FloatField()
    critical = serializers.FloatField()
    expected = serializers.FloatField(help_text="Its mean where nothing moved.")
    p = serializers.FloatField()
    bins = serializers.IntegerField()


class ShiftOut(serializers.Serializer[Any]):
    """A share of leads in training and now."""

    reference = serializers.FloatField()
    now = serializers.FloatField()
    p = serializers.FloatField()


class FeatureDriftOut(serializers.Serializer[Any]):
    """One feature. `slight` is beyond chance, over all tests together, but small; `moved` is large as well."""

    feature = serializers.CharField()
    verdict = serializers.ChoiceField(VERDICTS)
    words = serializers.ListField(child=serializers.CharField())
    psi = PsiOut(allow_null=True)
    missing = ShiftOut(allow_null=True)
    unseen = ShiftOut(allow_null=True)
    reason = serializers.CharField(
        allow_null=True, help_text="Why there is no PSI: too_few_leads, mostly_missing, did_not_vary."
    )


class DriftFiguresOut(serializers.Serializer[Any]):
    """The newest leads against those of training."""

    window_days = serializers.IntegerField()
    since = MomentField()
    until = MomentField()
    leads = serializers.IntegerField()
    snapshots = serializers.IntegerField()
    features = FeatureDriftOut(many=True)
    score = FeatureDriftOut(allow_null=True)
    reasons = serializers.DictField(child=serializers.CharField())


class DriftOut(MeasuredOut):
    """Whether leads have changed since training."""

    drift = DriftFiguresOut(allow_null=True)
