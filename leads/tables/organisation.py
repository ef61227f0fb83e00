"""What an organisation means by a conversion, and which time it lives in."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from common.tenancy import DEFAULT_ORG, ORG_ID_LENGTH


def won_by_default() -> list[str]:
    """The statuses that mean a conversion, unless the organisation says otherwise."""
    return ["QUALIFIED", "CONVERTED", "WON"]


def lost_by_default() -> list[str]:
    """The statuses that mean that the lead will not convert."""
    return ["LOST", "DISQUALIFIED", "REJECTED", "CANCELLED", "DECLINED"]


def validate_time_zone(name: str) -> None:
    """Raises ValidationError where no such zone is known."""
    if name not in available_timezones():
        raise ValidationError(f"{name} is not a time zone; write it like Europe/Paris.")


class Organisation(models.Model):
    """One tenant's own definitions. An organisation without a row has the defaults."""

    org_id = models.CharField(primary_key=True, max_length=ORG_ID_LENGTH, default=DEFAULT_ORG)
    name = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    horizon_days = models.PositiveSmallIntegerField(
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text="A lead counts as converted if it converts within so many days of the moment it is judged.",
    )
    currency = models.CharField(
        max_length=3,
        blank=True,
        db_default="",
        default="",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", "Write the three capital letters of ISO 4217, like EUR.")],
        help_text="Of all its amounts, in the three letters of ISO 4217, like EUR: pages show it beside them. "
        "Nothing is converted.",
    )
    won_statuses = models.JSONField(
        default=won_by_default,
        help_text="The statuses that mean that a lead has converted, in brackets and quotation marks: "
        '["WON", "SIGNED"]. Case does not matter.',
    )
    lost_statuses = models.JSONField(
        default=lost_by_default,
        help_text='The statuses that mean that it will not convert, written likewise: ["LOST", "DISQUALIFIED"]. A lead '
        "of any other status is undecided.",
    )
    observed_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="For a historical import: the moment its records end, which is then this organisation's present.",
    )

    class Meta:
        db_table = "organisation"

    def __str__(self) -> str:
        return self.name or self.org_id

    @classmethod
    def get(cls, org_id: str) -> Organisation:
        """The organisation's row, or one with the defaults, unsaved."""
        return cls.objects.filter(pk=org_id).first() or cls(org_id=org_id)

    def now(self) -> datetime:
        """The organisation's present: the clock's, or the end of its records where these are historical."""
        return min(self.observed_until, timezone.now()) if self.observed_until else timezone.now()

    def observe(self, moment: datetime) -> None:
        """Moves the end of historical records on, where something later has come in."""
        if self.observed_until and moment > self.observed_until:
            type(self).objects.filter(pk=self.pk, observed_until__lt=moment).update(observed_until=moment)
            self.observed_until = moment

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which its people work."""
        return ZoneInfo(self.time_zone)

    @property
    def horizon(self) -> timedelta:
        """How long after a moment a conversion still counts for it."""
        return timedelta(days=self.horizon_days)

    def verdict_of(self, status: str) -> bool | None:
        """Whether a status means won (True), lost (False) or undecided (None). Case does not matter."""
        word = status.casefold()
        if word in (won.casefold() for won in self.won_statuses):
            return True
        return False if word in (lost.casefold() for lost in self.lost_statuses) else None
