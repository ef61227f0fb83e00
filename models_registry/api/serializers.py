"""What the doors of this room take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.jobs import JobStatus
from common.serializers import LONGEST_TEXT, MomentField, StrictSerializer, TextField
from models_registry.api.card_shapes import CardField
from models_registry.learning import algorithms


class TrainIn(StrictSerializer):
    """The body of a request for training; all of it optional."""

    algorithm = TextField(default="auto", max_length=32, help_text="Which learner; `auto` chooses.")
    notes = TextField(default="", allow_blank=True, max_length=LONGEST_TEXT, help_text="A note to keep on the version.")

    def validate_algorithm(self, name: str) -> str:
        """The name. Raises ValidationError where there is no such learner."""
        try:
            algorithms.named(name)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="unknown_algorithm") from error
        return name


class RollbackIn(StrictSerializer):
    """The body of the service's rollback."""

    version = TextField(max_length=14, help_text="`YYYYMMDDHHMMSS`")


class NotesIn(StrictSerializer):
    """New notes of a version."""

    notes = TextField(allow_blank=True, max_length=LONGEST_TEXT)


class RunStartedOut(serializers.Serializer[Any]):
    """A run that has been queued."""

    run_id = serializers.UUIDField()
    status = serializers.CharField()
    status_url = serializers.CharField()


class RunMessageOut(serializers.Serializer[Any]):
    """One line of a run's log."""

    at = serializers.CharField()
    stage = serializers.CharField()
    text = serializers.CharField()


class CheckOut(serializers.Serializer[Any]):
    """One check of the version that a run made."""

    name = serializers.CharField(help_text="`schema`, `leakage`, `calibration`, `behaviour`, `labels` or `gate`.")
    passed = serializers.BooleanField()
    words = serializers.CharField()
    evidence = serializers.DictField()


class RunOut(serializers.Serializer[Any]):
    """How far a run is, and what came of it."""

    run_id = serializers.CharField()
    status = serializers.ChoiceField(JobStatus.choices)
    stage = serializers.CharField(help_text="What it is doing now.")
    progress = serializers.FloatField(help_text="From 0 to 1.")
    messages = RunMessageOut(many=True)
    version = serializers.CharField(allow_null=True, help_text="The version it made.")
    activated = serializers.BooleanField(help_text="Whether that version became active.")
    verdict = serializers.CharField(help_text="Why it became active, or why not.")
    reason = serializers.CharField(help_text="The error, or the verdict.")
    checks = CheckOut(many=True, help_text="What was checked before it could become active.")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Usable records, by outcome.")
    algorithm = serializers.CharField()
    notes = serializers.CharField()
    trigger = serializers.CharField()
    because = serializers.CharField(help_text="Which trigger fired, in words; empty where somebody asked.")
    started_by = serializers.CharField()
    created_at = MomentField()
    started_at = MomentField(allow_null=True)
    finished_at = MomentField(allow_null=True)


class VersionOut(serializers.Serializer[Any]):
    """A version, as the list shows it."""

    version = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = MomentField()
    metrics = serializers.DictField(help_text="Measured on leads created after those it learnt from.")
    algorithm = serializers.CharField()
    notes = serializers.CharField()
    archived = serializers.BooleanField()


class ImportanceOut(serializers.Serializer[Any]):
    """A feature's share of what moves the scores."""

    feature = serializers.CharField()
    importance = serializers.FloatField()


class FeatureOut(serializers.Serializer[Any]):
    """A feature that the model reads."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(["numeric", "boolean", "category", "date"])
    unit = serializers.CharField()
    meaning = serializers.CharField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    influenceable = serializers.BooleanField()


class ThresholdsOut(serializers.Serializer[Any]):
    """From which probability and confidence on an action is recommended."""

    high_probability = serializers.FloatField()
    high_confidence = serializers.FloatField()
    medium_probability = serializers.FloatField()
    medium_confidence = serializers.FloatField()
    nurture_probability = serializers.FloatField()


class InfoOut(VersionOut):
    """The active version: what it is, how good, and from what it was made."""

    features = FeatureOut(many=True)
    importance = ImportanceOut(many=True)
    thresholds = ThresholdsOut()
    trained_from = serializers.CharField(allow_null=True)
    trained_until = serializers.CharField(allow_null=True)
    records = serializers.DictField(child=serializers.IntegerField())
    card = CardField(help_text="What it was made from, and how it was measured.")
    digest = serializers.CharField(help_text="SHA-256 of the artefact.")
    created_by = serializers.CharField()
