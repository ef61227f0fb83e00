"""The shape of a version's card in the schema. A card is passed on as written: older ones lack the newer keys."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class Bounds(serializers.ListField):
    """Lower and upper bound."""

    child = serializers.FloatField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=2, max_length=2, **kwargs)


def figure(words: str = "") -> serializers.FloatField:
    """A figure that is null where it cannot be computed."""
    return serializers.FloatField(allow_null=True, required=False, help_text=words)


class MatrixShape(serializers.Serializer[Any]):
    """Leads by what was said and what came, by weight."""

    true_positive = serializers.FloatField()
    false_positive = serializers.FloatField()
    false_negative = serializers.FloatField()
    true_negative = serializers.FloatField()


class DecisionsShape(serializers.Serializer[Any]):
    """How good it is to call a lead likely from a threshold on."""

    threshold = serializers.FloatField(required=False)
    accuracy = figure()
    precision = figure()
    recall = figure()
    f1 = figure()
    confusion_matrix = MatrixShape(required=False)
    reasons = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="Why a figure is null, by its name."
    )


class MetricsShape(DecisionsShape):
    """The figures of probabilities on rows not learnt from; decisions at 0.5."""

    rows = serializers.IntegerField(required=False)
    dossiers = serializers.IntegerField(required=False)
    positives = serializers.IntegerField(required=False, help_text="Leads that converted.")
    base_rate = figure()
    roc_auc = figure()
    pr_auc = figure()
    log_loss = figure("In nats; lower is better.")
    brier = figure()
    calibration_error = figure("Mean gap of predicted and observed over ten bins of equal mass.")
    intervals = serializers.DictField(
        child=Bounds(allow_null=True), required=False, help_text="95 % bootstrap intervals over leads, by figure."
    )


class GainShape(serializers.Serializer[Any]):
    """By how much the version is better, with the paired 95 % interval."""

    gain = serializers.FloatField()
    interval = Bounds(allow_null=True)


class DifferenceShape(serializers.Serializer[Any]):
    """The version against a baseline on the same rows."""

    log_loss = GainShape()
    roc_auc = GainShape(allow_null=True)


class BaselineShape(MetricsShape):
    """A simpler means on the same rows."""

    difference = DifferenceShape(required=False)


class BaselinesShape(serializers.Serializer[Any]):
    """The rules, and naive Bayes on exact values."""

    rules = BaselineShape()
    naive_bayes = BaselineShape()


class ThresholdShape(DecisionsShape):
    """A threshold that was chosen on the past, measured on what came later."""

    name = serializers.ChoiceField(["half", "f1_best", "cost_best"])
    called = serializers.FloatField(help_text="Share of the leads at or above it.")
    cost = serializers.FloatField(help_text="A lead, in calls in vain.")
    cost_ratio = serializers.FloatField(help_text="What a missed conversion costs, in calls in vain.")
    chosen_on = serializers.CharField(allow_null=True)


class RocShape(serializers.Serializer[Any]):
    """A point of the ROC curve."""

    threshold = serializers.FloatField(allow_null=True)
    false_positive_rate = serializers.FloatField()
    true_positive_rate = serializers.FloatField()


class PrecisionRecallShape(serializers.Serializer[Any]):
    """A point of the precision-recall curve."""

    threshold = serializers.FloatField()
    recall = serializers.FloatField()
    precision = serializers.FloatField()


class CalibrationShape(serializers.Serializer[Any]):
    """A bin of the calibration diagram."""

    predicted = serializers.FloatField()
    observed = serializers.FloatField()
    leads = serializers.FloatField()
    interval = Bounds(help_text="Of the observed rate (Wilson, 95 %).")


class LiftShape(serializers.Serializer[Any]):
    """A tenth of the leads, likeliest first."""

    tenth = serializers.IntegerField()
    leads = serializers.FloatField()
    rate = serializers.FloatField()
    lift = serializers.FloatField()
    gain = serializers.FloatField()


class CurvesShape(serializers.Serializer[Any]):
    """What is drawn."""

    roc = RocShape(many=True, allow_null=True)
    precision_recall = PrecisionRecallShape(many=True, allow_null=True)
    calibration = CalibrationShape(many=True)
    lift = LiftShape(many=True, allow_null=True)
    reasons = serializers.DictField(child=serializers.CharField())


class GroupShape(serializers.Serializer[Any]):
    """The figures of some of the leads; null with a reason where they are too few."""

    rows = serializers.IntegerField()
    dossiers = serializers.IntegerField()
    base_rate = serializers.FloatField()
    predicted = serializers.FloatField()
    roc_auc = serializers.FloatField(allow_null=True)
    log_loss = serializers.FloatField(allow_null=True)
    calibration_error = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class SourceShape(GroupShape):
    """Leads of one source."""

    source = serializers.CharField()  # type: ignore[assignment]


class AgeShape(GroupShape):
    """Leads scored at one age. Null where it was learnt from and none was there to measure on."""

    base_rate = serializers.FloatField(allow_null=True)
    predicted = serializers.FloatField(allow_null=True)
    age = serializers.CharField()
    from_days = serializers.FloatField()


class PointShape(serializers.Serializer[Any]):
    """A point of the learning curve."""

    leads = serializers.IntegerField()
    roc_auc = serializers.FloatField(allow_null=True)
    log_loss = serializers.FloatField()


class LearningCurveShape(serializers.Serializer[Any]):
    """How the figures grew with data."""

    points = PointShape(many=True)
    gain_by_doubling = serializers.FloatField(allow_null=True, help_text="In ROC-AUC.")
    words = serializers.CharField()


class CardShape(serializers.Serializer[Any]):
    """What a version was made from and how good it is, all measured forward in time unless it says shuffled."""

    algorithm = serializers.CharField(required=False)
    seed = serializers.IntegerField(required=False)
    data_digest = serializers.CharField(required=False, help_text="SHA-256 of all that was learnt from.")
    metrics = MetricsShape(required=False)
    shuffled_metrics = MetricsShape(required=False)
    baselines = BaselinesShape(required=False)
    thresholds = ThresholdShape(many=True, required=False)
    curves = CurvesShape(required=False)
    by_source = SourceShape(many=True, required=False)
    by_age = AgeShape(many=True, required=False)
    learning_curve = LearningCurveShape(required=False)


@extend_schema_field(CardShape)
class CardField(serializers.DictField):
    """A card, whole."""
