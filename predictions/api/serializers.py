"""What the doors of this room take and give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from common.jobs import JobStatus
from common.schema import OneErrorOut
from common.serializers import (
    MAX_ID,
    FiniteFloatField,
    MomentField,
    StrictSerializer,
    TextField,
    TrueOrFalseField,
    WholeNumberField,
)
from leads.api.serializers import OutcomeOut
from predictions.actions import ACTIONS
from predictions.movement import PARTS

CLOCKS_APART = timedelta(days=1)
"""How far a caller's clock, or a time that forgot its zone, may be ahead of ours."""


@extend_schema_field({"type": ["number", "string"]})
class FeatureValue(serializers.JSONField):
    """A number, a word, or null where it is missing."""


class PlainContributionOut(serializers.Serializer[Any]):
    """A feature's value and its part of the probability."""

    feature = serializers.CharField()
    value = FeatureValue(allow_null=True)
    contribution = serializers.FloatField()


class ContributionOut(PlainContributionOut):
    """The same, and the reason in words."""

    reason = serializers.CharField(
        allow_null=True,
        help_text="In words, for the strongest each way; null where the value is missing, the part is small, or the "
        "lead would not score otherwise without it.",
    )


class ScoreOut(serializers.Serializer[Any]):
    """What every score holds, stored or not."""

    org_id = serializers.CharField()
    prediction = serializers.ChoiceField([0, 1])
    conversion_probability = serializers.FloatField(min_value=0, max_value=1)
    probability_interval = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    confidence = serializers.FloatField(min_value=0, max_value=1)
    model_version = serializers.CharField(allow_null=True)
    method = serializers.ChoiceField(["ML", "RULE_BASED"])
    recommended_action = serializers.ChoiceField(ACTIONS)
    base_probability = serializers.FloatField()
    feature_contributions = ContributionOut(
        many=True, help_text="Every feature's, so that they add up to the probability, or none at all."
    )
    contributions_reason = serializers.CharField(
        required=False,
        help_text="Only where there are no contributions: model_not_available, as what scored the lead in bulk is no "
        "longer kept.",
    )
    predicted_at = serializers.DateTimeField()


class CoreOut(ScoreOut):
    """What every stored prediction's answer holds."""

    id = serializers.IntegerField()


class WhatIfIn(StrictSerializer):
    """Features as they might be."""

    changes = serializers.DictField(allow_empty=False, help_text="Feature and value; null means missing.")


class WhatIfOut(ScoreOut):
    """The lead as it would be."""

    dossier_id = serializers.IntegerField()
    changes = serializers.DictField()
    followed = serializers.DictField(help_text="What moved with the changes, being computed from the same things.")
    present_probability = serializers.FloatField(help_text="The probability as it is now.")
    difference = serializers.FloatField(help_text="What the changes add to it.")


class ChangeIn(StrictSerializer):
    """Which two predictions; without them, since the last one."""

    # "from" cannot be assigned to by name.
    vars()["from"] = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, help_text="The earlier prediction's id: by default the last one."
    )
    to = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, help_text="The later one's: by default the lead as it is now."
    )


class ComparedOut(serializers.Serializer[Any]):
    """One end of the comparison."""

    id = serializers.IntegerField(allow_null=True, help_text="null: the lead as it is now, stored nowhere.")
    conversion_probability = serializers.FloatField(min_value=0, max_value=1)
    model_version = serializers.CharField(allow_null=True)
    method = serializers.ChoiceField(["ML", "RULE_BASED"])
    predicted_at = MomentField()


class FeatureMoveOut(serializers.Serializer[Any]):
    """A feature whose value changed."""

    feature = serializers.CharField()
    before = FeatureValue(allow_null=True)
    after = FeatureValue(allow_null=True)
    difference = serializers.FloatField(help_text="By how much its part of the probability changed.")
    words = serializers.CharField()


class PartOut(serializers.Serializer[Any]):
    """One part of the difference."""

    part = serializers.ChoiceField(PARTS)
    difference = serializers.FloatField()
    words = serializers.CharField()
    joined_with = serializers.ListField(
        child=serializers.ChoiceField(PARTS),
        help_text="Parts that cannot be told apart from this one; `words` says why.",
    )
    features = FeatureMoveOut(many=True, help_text="The three that moved it most.")


class ChangeOut(serializers.Serializer[Any]):
    """Why a lead's score moved; the parts add up to the difference."""

    dossier_id = serializers.IntegerField()
    org_id = serializers.CharField()
    vars()["from"] = ComparedOut()
    to = ComparedOut()
    difference = serializers.FloatField()
    words = serializers.CharField()
    parts = PartOut(many=True)


class ExperimentOut(serializers.Serializer[Any]):
    """The arm that a prediction was made in."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    variant = serializers.CharField()


class PredictionOut(CoreOut):
    """A prediction of a lead."""

    dossier_id = serializers.IntegerField()
    experiment = ExperimentOut(allow_null=True)
    outcome = OutcomeOut(allow_null=True)


class ServicePredictionOut(CoreOut):
    """A prediction from features in the body."""

    imputed_features = serializers.ListField(child=serializers.CharField())


class PredictionPage(serializers.Serializer[Any]):
    """A page of predictions."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PredictionOut(many=True)


class OutcomeIn(StrictSerializer):
    """What became of a lead; sent again, it corrects."""

    converted = TrueOrFalseField()
    occurred_at = MomentField(
        required=False,
        allow_null=True,
        default=None,
        help_text="At most a day ahead of our clock. Left out: as the same outcome was told before, else now.",
    )
    revenue = FiniteFloatField(required=False, allow_null=True, default=None, min_value=0, max_value=999_999_999_999)

    def validate_occurred_at(self, moment: datetime | None) -> datetime | None:
        """Raises ValidationError for a time to come: models read it as not there yet, so as a lead that was lost."""
        if moment and moment > timezone.now() + CLOCKS_APART:
            raise serializers.ValidationError("lies in the future: say when the lead was won or lost, once it is.")
        return moment


class UncheckedValues(serializers.DictField):
    """An object whose values are looked at later, by who knows what each must be."""

    def run_child_validation(self, data: Mapping[str, Any]) -> Any:
        """The values as they came."""
        return data


class FeaturesIn(StrictSerializer):
    """One lead's features, held by the caller."""

    org_id = TextField(required=False, allow_null=True, default=None, max_length=64)
    features = UncheckedValues(child=serializers.JSONField(), allow_empty=True)


class UncheckedItems(serializers.ListField):
    """A list whose items are looked at later, one by one, by who scores them."""

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        """The items as they came."""
        return data


class BatchIn(StrictSerializer):
    """Many leads' features. Each item is checked by itself: a bad one leaves the others scored."""

    org_id = TextField(required=False, allow_null=True, default=None, max_length=64)
    batch = UncheckedItems(child=serializers.JSONField(), allow_empty=True)


class BatchPredictionOut(CoreOut):
    """What came of an item that was scored."""

    index = serializers.IntegerField(help_text="The item's place, from 0.")
    feature_contributions = PlainContributionOut(  # type: ignore[assignment]
        many=True, required=False, help_text="Without words; left out with `contributions=false`."
    )
    contributions_reason = None  # type: ignore[assignment]  # they are made with the answer
    imputed_features = serializers.ListField(child=serializers.CharField())


class BatchRefusalOut(serializers.Serializer[Any]):
    """What is wrong with an item that was not."""

    index = serializers.IntegerField(help_text="The item's place, from 0.")
    errors = OneErrorOut(many=True)  # type: ignore[assignment]


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="BatchResultOut",
        serializers=[BatchPredictionOut, BatchRefusalOut],
        resource_type_field_name=None,
        many=False,
    )
)
class BatchResult(serializers.DictField):
    """A prediction, or what is wrong."""


class BatchOut(serializers.Serializer[Any]):
    """The answers, in the order sent."""

    results = serializers.ListField(child=BatchResult())
    scored = serializers.IntegerField()
    failed = serializers.IntegerField()


class ScoreJobIn(StrictSerializer):
    """Which leads to score, of those that are not yet decided: by default all."""

    status = TextField(required=False, max_length=200)
    source = TextField(required=False, max_length=200)  # type: ignore[assignment]
    region = TextField(required=False, max_length=200)
    owner = TextField(required=False, max_length=200)
    dossier_ids = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=MAX_ID),
        required=False,
        max_length=100_000,
        help_text="Only these. A number that no lead has is passed over.",
    )
    include_decided = TrueOrFalseField(
        required=False, help_text="Whether won and lost leads are scored, too; else they are not, also where named."
    )
    changed_only = TrueOrFalseField(
        required=False, help_text="Whether only leads are scored that never were, or of which anything was told since."
    )


class ScoreJobOut(serializers.Serializer[Any]):
    """How far a score job is."""

    id = serializers.CharField()
    status = serializers.ChoiceField(JobStatus.choices)
    progress = serializers.FloatField()
    total = serializers.IntegerField()
    scored = serializers.IntegerField()
    failed = serializers.IntegerField()
    rows_per_second = serializers.FloatField(allow_null=True)
    filter = serializers.DictField()
    error = serializers.CharField(allow_null=True)
    created_at = MomentField()
    finished_at = MomentField(allow_null=True)


class RankedIn(StrictSerializer):
    """How the list is sorted, and which leads it holds."""

    order = serializers.ChoiceField(["probability", "expected_value"], default="probability")
    action = serializers.ChoiceField(ACTIONS, required=False)
    min_probability = serializers.FloatField(required=False, min_value=0, max_value=1)
    min_confidence = serializers.FloatField(required=False, min_value=0, max_value=1)
    status = serializers.CharField(required=False, max_length=200)
    source = serializers.CharField(required=False, max_length=200)  # type: ignore[assignment]
    region = serializers.CharField(required=False, max_length=200)
    owner = serializers.CharField(required=False, max_length=200)
    include_decided = serializers.BooleanField(default=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    cursor = serializers.CharField(required=False)


class RankedOut(serializers.Serializer[Any]):
    """A lead with its current score."""

    dossier_id = serializers.IntegerField()
    status = serializers.CharField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    region = serializers.CharField(allow_null=True)
    owner = serializers.CharField(allow_null=True)
    created_at = MomentField()
    conversion_probability = serializers.FloatField()
    confidence = serializers.FloatField()
    expected_value = serializers.FloatField(allow_null=True)
    recommended_action = serializers.ChoiceField(ACTIONS)
    method = serializers.CharField()
    model_version = serializers.CharField(allow_null=True)
    prediction_id = serializers.IntegerField(allow_null=True)
    predicted_at = MomentField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField(), help_text="The two strongest, in words.")


class RankedPage(serializers.Serializer[Any]):
    """A page of the ranked list."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RankedOut(many=True)
