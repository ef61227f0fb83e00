"""What happened to a lead: messages, appointments, and events of any other kind."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from common.tenancy import OrgQuerySet, OrgScoped
from leads.tables.dossier import WORD, Dossier


class Direction(models.TextChoices):
    """Who spoke."""

    INBOUND = "INBOUND", "from the lead"
    OUTBOUND = "OUTBOUND", "to the lead"


class Occurrence(OrgScoped):
    """Something that happened at `occurred_at` and was known from `recorded_at` on; before that nobody may count it.

    The same `external_id` of a dossier counts once, however often it is sent.
    """

    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    external_id = models.CharField(max_length=WORD, null=True, blank=True)
    properties = models.JSONField(null=True, blank=True)

    class Meta:
        abstract = True


class Message(Occurrence):
    """A message or call, either way."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="messages", db_index=False)
    direction = models.CharField(max_length=8, choices=Direction.choices, null=True, blank=True)
    occurred_at = models.DateTimeField(db_column="created_at")  # the CRM's name for it

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "message_entity"
        constraints = [
            models.UniqueConstraint(fields=["dossier", "external_id"], name="message_entity_once"),
            models.CheckConstraint(condition=models.Q(direction__in=Direction.values), name="message_entity_direction"),
        ]
        indexes = [models.Index(fields=["dossier", "occurred_at"], name="message_entity_dossier_at")]

    def __str__(self) -> str:
        return f"{self.direction or 'message'} {self.occurred_at:%Y-%m-%d %H:%M}"


class Appointment(Occurrence):
    """An appointment, from the moment it was made (`occurred_at`), for `scheduled_for`."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="appointments", db_index=False)
    occurred_at = models.DateTimeField(db_column="created_at")  # the CRM's name for it
    scheduled_for = models.DateTimeField(null=True, blank=True)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "appointment_entity"
        constraints = [models.UniqueConstraint(fields=["dossier", "external_id"], name="appointment_entity_once")]
        indexes = [models.Index(fields=["dossier", "occurred_at"], name="appointment_entity_dossier_at")]

    def __str__(self) -> str:
        return f"appointment {self.scheduled_for or self.occurred_at:%Y-%m-%d %H:%M}"


class Event(Occurrence):
    """Anything else that happened. An echo of the outcome is kept, and no feature ever counts it."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=WORD)
    direction = models.CharField(max_length=8, choices=Direction.choices, null=True, blank=True)
    is_outcome_echo = models.BooleanField(default=False)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "lead_event"
        constraints = [
            models.UniqueConstraint(fields=["dossier", "external_id"], name="lead_event_once"),
            models.CheckConstraint(condition=models.Q(direction__in=Direction.values), name="lead_event_direction"),
        ]
        indexes = [models.Index(fields=["dossier", "occurred_at"], name="lead_event_dossier_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"
