"""A lead as the CRM knows it, and how it came to be so."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models.functions import Cast, Now

from common.tenancy import OrgQuerySet, OrgScoped

WORD = 200
LEAST_NUMBER = -1e300
"""Above every text, in the order of JSON values."""
OWN_TEXTS = ("source", "region", "owner", "status")


class DossierQuerySet(OrgQuerySet["Dossier"]):
    """Dossiers by where they stand."""

    def open(self) -> Self:
        """Those that no current outcome has decided."""
        outcomes: Any = self.model._meta.get_field("outcomes").related_model._default_manager
        return self.filter(~models.Exists(outcomes.current().filter(dossier=models.OuterRef("pk"))))

    def keys_telling(self, text: str) -> models.QuerySet[Any, Any]:
        """The keys of leads in which a text occurs: source, region, owner, status, property's city, or an attribute.

        Each table is searched by itself, and once. Cities and attributes are searched in all organisations: intersect
        the keys with the leads of one's own.
        """
        own = models.Q(*((f"{name}__icontains", text) for name in OWN_TEXTS), _connector=models.Q.OR)
        cities = Property.objects.filter(city__icontains=text).values("dossier")
        return self.filter(own).values("pk").union(cities, LeadAttribute.objects.telling(text).values("dossier"))

    def created_by(self, at: datetime) -> Self:
        """Those that existed at a moment."""
        return self.filter(created_at__lte=at)


class Dossier(OrgScoped):
    """One lead. `number` is the CRM's own number for it (the API's dossierId), unique within the organisation.

    `told_status` is the status that was last sent with the lead itself, where an event has set another since.
    `noted_status` is the last one in its status history: where `status` differs, the CRM has written it into the table
    itself.
    """

    number = models.BigIntegerField()
    status = models.CharField(max_length=WORD)
    created_at = models.DateTimeField()
    source = models.CharField(max_length=WORD, null=True, blank=True)
    source_score = models.FloatField(null=True, blank=True)
    owner = models.CharField(max_length=WORD, null=True, blank=True)
    region = models.CharField(max_length=WORD, null=True, blank=True)
    amount = models.FloatField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), help_text="When we first heard of it.")
    updated_at = models.DateTimeField(db_default=Now())
    told_status = models.CharField(max_length=WORD, null=True, blank=True, editable=False)
    noted_status = models.CharField(max_length=WORD, null=True, blank=True, editable=False)

    objects = DossierQuerySet.as_manager()

    class Meta:
        db_table = "dossier"
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="dossier_number_once"),
            models.CheckConstraint(condition=models.Q(number__gt=0), name="dossier_number_positive"),
            models.CheckConstraint(
                condition=models.Q(amount__isnull=True) | models.Q(amount__gte=0), name="dossier_amount_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["org_id", "created_at"], name="dossier_org_created"),
            # By these, `leads.vocabulary` finds the distinct values.
            models.Index(fields=["org_id", "source"], name="dossier_org_source"),
            models.Index(fields=["org_id", "region"], name="dossier_org_region"),
            models.Index(fields=["org_id", "owner"], name="dossier_org_owner"),
            models.Index(fields=["org_id", "status"], name="dossier_org_status"),
            # Nearly empty: only statuses that the CRM itself has written since the last look (`leads.untold`).
            models.Index(
                fields=["org_id", "id"],
                condition=models.Q(noted_status__isnull=True) | ~models.Q(noted_status=models.F("status")),
                name="dossier_untold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}"


class Property(OrgScoped):
    """What the lead is interested in: as it is known now. Earlier states stand in `lead_change`."""

    dossier = models.OneToOneField(Dossier, on_delete=models.CASCADE, related_name="property")
    price = models.FloatField(null=True, blank=True)
    has_photos = models.BooleanField(null=True, blank=True)
    city = models.CharField(max_length=WORD, null=True, blank=True)
    known_from = models.DateTimeField(db_default=Now())

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "property"
        verbose_name_plural = "properties"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price__isnull=True) | models.Q(price__gte=0), name="property_price_not_negative"
            )
        ]

    def __str__(self) -> str:
        return f"{self.city or 'somewhere'}, {self.price or '?'}"


class LeadChange(OrgScoped):
    """A value of a dossier or its property that was replaced: reading these backwards gives the lead as it was.

    `field` is a column of the dossier (`source`, `source_score`, `owner`, `region`, `amount`) or of the property
    (`property.price`, `property.has_photos`, `property.city`, `property.known_from`). `old_value` held until
    `changed_at`; for `property.known_from` null means that there was no property.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="changes", db_index=False)
    field = models.CharField(max_length=64)
    old_value = models.JSONField(null=True)
    changed_at = models.DateTimeField()

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "lead_change"
        indexes = [models.Index(fields=["dossier", "changed_at"], name="lead_change_dossier_at")]

    def __str__(self) -> str:
        return f"{self.field} was {self.old_value!r} until {self.changed_at:%Y-%m-%d %H:%M}"


class LeadStatusChange(OrgScoped):
    """One step in the life of a lead. `is_exact` is false where we first heard of the status later than it came."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="status_changes", db_index=False)
    from_status = models.CharField(max_length=WORD, blank=True)
    to_status = models.CharField(max_length=WORD)
    changed_at = models.DateTimeField()
    is_exact = models.BooleanField(default=True)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "lead_status_change"
        indexes = [models.Index(fields=["dossier", "changed_at"], name="lead_status_change_at")]

    def __str__(self) -> str:
        return f"{self.from_status or '(new)'} → {self.to_status}"


class Availability(models.TextChoices):
    """When, in the life of a lead, an attribute's value is known: what decides whether a model may use it."""

    CREATION = "creation", "with the lead itself"
    OBSERVED = "observed", "at the recorded time"
    CONTACT = "contact", "only after contact"
    OUTCOME = "outcome", "only after the outcome"
    UNKNOWN = "unknown", "nobody can say: suspect until shown harmless"


USABLE = (Availability.CREATION, Availability.OBSERVED, Availability.UNKNOWN)


class LeadAttributeQuerySet(OrgQuerySet["LeadAttribute"]):
    """Values by what they hold."""

    def standing(
        self, name: str, texts: Collection[Any], *, least: float | None = None, most: float | None = None
    ) -> Self:
        """Values of `name`, as known now, that are one of `texts`, or a number from `least` to `most`."""
        rows = self.filter(name=name)
        later = LeadAttribute.objects.filter(name=name, dossier=models.OuterRef("dossier"))
        replaced = models.Exists(later.filter(known_from__gt=models.OuterRef("known_from")))
        fitting = rows.filter(value__in=list(texts)) if least is None and most is None else rows.between(least, most)
        return fitting.filter(~replaced)

    def between(self, least: float | None, most: float | None) -> Self:
        """Numbers from `least` to `most`; None is unbounded. In PostgreSQL's order they stand below truth values."""
        numbers = self.filter(value__gte=LEAST_NUMBER if least is None else least, value__lt=False)
        return numbers if most is None else numbers.filter(value__lte=most)

    def telling(self, text: str) -> Self:
        """Texts that contain a text."""
        return self._of_kind("string").alias(text=Cast("value", models.TextField())).filter(text__icontains=text)

    def _of_kind(self, kind: str) -> Self:
        told = models.Func(models.F("value"), function="jsonb_typeof", output_field=models.TextField())
        return self.alias(kind=told).filter(kind=kind)


class LeadAttribute(OrgScoped):
    """Any named value of a lead, from the moment it was known until a later row of the same name replaces it.

    `value` is a JSON number, truth value, text (dates as ISO texts) or null (no longer known).
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="attributes", db_index=False)
    name = models.CharField(max_length=WORD)
    value = models.JSONField(null=True)
    known_from = models.DateTimeField()
    availability = models.CharField(max_length=16, choices=Availability.choices, default=Availability.OBSERVED)

    objects = LeadAttributeQuerySet.as_manager()

    class Meta:
        db_table = "lead_attribute"
        constraints = [models.UniqueConstraint(fields=["dossier", "name", "known_from"], name="lead_attribute_once")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value!r}"

    @property
    def shown(self) -> Any:
        """The value as a person reads it."""
        return "" if self.value is None else self.value
