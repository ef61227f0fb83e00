"""What the doors of this room take and give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.jobs import JobStatus
from common.serializers import FiniteFloatField, MomentField, StrictSerializer, TextField, TrueOrFalseField
from leads.importing.lead_rows import MAX_AMOUNT
from leads.models import Direction
from leads.records import (
    APPOINTMENT,
    MAX_ATTRIBUTES,
    MAX_TEXT,
    MAX_WORD,
    EventRecord,
    LeadRecord,
    PropertyRecord,
    is_storable,
    problem_with_name,
    problem_with_value,
)

SCALAR = {
    "oneOf": [{"type": "number"}, {"type": "boolean"}, {"type": "string", "maxLength": MAX_TEXT}, {"type": "null"}]
}


def word(**options: Any) -> TextField:
    """An optional text of up to 200 characters; the empty text is as none."""
    return TextField(required=False, allow_null=True, allow_blank=True, default=None, max_length=MAX_WORD, **options)


def amount(**options: Any) -> FiniteFloatField:
    """An optional sum of money."""
    bounds = {"min_value": 0, "max_value": MAX_AMOUNT} | options
    return FiniteFloatField(required=False, allow_null=True, default=None, **bounds)


@extend_schema_field({"type": "object", "additionalProperties": SCALAR, "maxProperties": MAX_ATTRIBUTES})
class AttributesField(serializers.Field):  # type: ignore[type-arg]
    """Named values of a lead: numbers, truth values, texts (dates as ISO texts) or null."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The values by name. Raises ValidationError naming each that cannot be kept."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("must be an object of named values.")
        if len(data) > MAX_ATTRIBUTES:
            raise serializers.ValidationError(f"a lead has at most {MAX_ATTRIBUTES} attributes.")
        problems = {name: problem_with_name(name) or problem_with_value(value) for name, value in data.items()}
        found = {name or "(empty)": [problem] for name, problem in problems.items() if problem}
        if found:
            raise serializers.ValidationError(found)
        return data

    def to_representation(self, value: Any) -> Any:
        """As it is."""
        return value


@extend_schema_field({"type": "object", "additionalProperties": True})
class PropertiesField(serializers.Field):  # type: ignore[type-arg]
    """What else is to be kept of an event: any JSON object, its numbers below 1e300."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The object. Raises ValidationError where the database could not keep it."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("must be an object.")
        if not is_storable(data):
            raise serializers.ValidationError("numbers must be finite and below 1e300.")
        return data


@extend_schema_field({"oneOf": [{"type": "string", "enum": Direction.values}]})
class DirectionField(serializers.ChoiceField):
    """Who spoke. The schema adds null to alternatives where it may be sent; of a mere choice it would forget it."""


class PropertyIn(StrictSerializer):
    """What the lead is interested in."""

    price = amount()
    has_photos = TrueOrFalseField(required=False, allow_null=True, default=None)
    city = word()


class LeadIn(StrictSerializer):
    """A lead, whole: what is left out is no longer so."""

    org_id = TextField(required=False, max_length=64, help_text="If sent, the organisation of the token.")
    status = TextField(max_length=MAX_WORD)
    created_at = MomentField()
    source = word()  # type: ignore[assignment]
    source_score = amount(max_value=100, help_text="The CRM's own score of the source, 0 to 100.")
    owner = word()
    region = word()
    amount = amount()
    property = PropertyIn(required=False, allow_null=True, default=None)
    attributes = AttributesField(required=False, default=dict)

    def record(self, number: int) -> LeadRecord:
        """The lead as the act takes it."""
        told = dict(self.validated_data)
        told.pop("org_id", None)
        home = told.pop("property")
        told |= {name: told[name] or None for name in ("source", "owner", "region")}
        return LeadRecord(number=number, property=_property(home), **told)


def _property(home: Mapping[str, Any] | None) -> PropertyRecord | None:
    return None if home is None else PropertyRecord(**{**home, "city": home["city"] or None})


class EventIn(StrictSerializer):
    """Something that happened to a lead."""

    org_id = TextField(required=False, max_length=64, help_text="If sent, the organisation of the token.")
    kind = TextField(max_length=MAX_WORD, help_text="`message`, `appointment`, or any word.")
    direction = DirectionField(
        Direction.choices, required=False, allow_null=True, default=None, help_text="From the lead, or to the lead."
    )
    occurred_at = MomentField()
    external_id = TextField(
        required=False, allow_null=True, default=None, max_length=MAX_WORD, help_text="The same one twice counts once."
    )
    recorded_at = MomentField(
        required=False, allow_null=True, default=None, help_text="Where it became known later than it occurred."
    )
    scheduled_for = MomentField(required=False, allow_null=True, default=None, help_text="Of an appointment.")
    properties = PropertiesField(required=False, allow_null=True, default=None)

    def validate(self, attrs: Any) -> Any:
        """Raises ValidationError where something other than an appointment is scheduled."""
        if attrs["scheduled_for"] and attrs["kind"] != APPOINTMENT:
            raise serializers.ValidationError({"scheduled_for": "only an appointment is scheduled for a time."})
        return attrs


def event_record(number: int, told: Mapping[str, Any]) -> EventRecord:
    """The event as the act takes it."""
    return EventRecord(number=number, **{name: value for name, value in told.items() if name != "org_id"})


class ImportIn(StrictSerializer):
    """A file to import."""

    file = serializers.FileField(help_text="CSV of any delimiter, or one JSON object a line; may be gzipped.")
    mapping = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=200_000,
        trim_whitespace=False,
        help_text="TOML text, or the name of a ready mapping. Without one, columns are named as this API names fields.",
    )
    content = serializers.ChoiceField([("leads", "leads"), ("events", "events")], default="leads")


class OutcomeOut(serializers.Serializer[Any]):
    """What became of the lead."""

    converted = serializers.BooleanField()
    occurred_at = MomentField()
    revenue = serializers.FloatField(allow_null=True)


class ScoreOut(serializers.Serializer[Any]):
    """The lead's current score."""

    conversion_probability = serializers.FloatField()
    confidence = serializers.FloatField()
    expected_value = serializers.FloatField(allow_null=True)
    recommended_action = serializers.CharField()
    method = serializers.CharField()
    model_version = serializers.CharField(allow_null=True)
    prediction_id = serializers.IntegerField(allow_null=True)
    predicted_at = MomentField()


class PropertyOut(serializers.Serializer[Any]):
    """What the lead is interested in."""

    price = serializers.FloatField(allow_null=True)
    has_photos = serializers.BooleanField(allow_null=True)
    city = serializers.CharField(allow_null=True)


class LeadOut(serializers.Serializer[Any]):
    """The lead as it is known."""

    dossier_id = serializers.IntegerField()
    org_id = serializers.CharField()
    status = serializers.CharField()
    created_at = MomentField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    source_score = serializers.FloatField(allow_null=True)
    owner = serializers.CharField(allow_null=True)
    region = serializers.CharField(allow_null=True)
    amount = serializers.FloatField(allow_null=True)
    property = PropertyOut(allow_null=True)
    attributes = AttributesField()
    events = serializers.DictField(child=serializers.IntegerField(), help_text="How many of each kind.")
    outcome = OutcomeOut(allow_null=True)
    score = ScoreOut(allow_null=True, help_text="Null where it has not been scored.")
    updated_at = MomentField()


class EventsOut(serializers.Serializer[Any]):
    """What came of the events sent."""

    dossier_id = serializers.IntegerField()
    added = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Sent before: counted once.")


class MessageOut(serializers.Serializer[Any]):
    """Something that a job has to say."""

    at = serializers.DateTimeField()
    stage = serializers.CharField()
    text = serializers.CharField()


class ImportOut(serializers.Serializer[Any]):
    """How far an import is, and what came of it."""

    id = serializers.CharField()
    status = serializers.ChoiceField(JobStatus.choices)
    status_url = serializers.CharField()
    rejects_url = serializers.CharField()
    content = serializers.ChoiceField([("leads", "leads"), ("events", "events")])
    filename = serializers.CharField()
    stage = serializers.CharField(allow_blank=True)
    progress = serializers.FloatField(min_value=0, max_value=1)
    rows = serializers.IntegerField()
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    messages = MessageOut(many=True)
    error = serializers.CharField(allow_null=True)
    created_at = MomentField()
    finished_at = MomentField(allow_null=True)
