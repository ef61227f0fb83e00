"""An experiment: what is compared on whom, and how far its life has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from common.serializers import iso
from common.tenancy import OrgQuerySet, OrgScoped

CONTROL, TREATMENT = "control", "treatment"
METHOD_LENGTH = NAME_LENGTH = 32


class ExperimentStatus(models.TextChoices):
    """The life of an experiment."""

    DRAFT = "DRAFT", "Draft"
    RUNNING = "RUNNING", "Running"
    ENROLMENT_CLOSED = "ENROLMENT_CLOSED", "No new leads"
    MATURING = "MATURING", "Waiting for outcomes"
    STOPPED = "STOPPED", "Stopped"


ASSIGNING = (ExperimentStatus.RUNNING, ExperimentStatus.ENROLMENT_CLOSED)
"""While it is in one of these, its leads are scored by the method of their arm."""


class Decision(models.TextChoices):
    """What was made of it."""

    SHIP = "SHIP", "the treatment goes to everybody"
    KEEP = "KEEP", "what there was stays"
    INCONCLUSIVE = "INCONCLUSIVE", "nobody can say"
    INVALID = "INVALID", "something was wrong with the experiment itself"


class ExperimentQuerySet(OrgQuerySet["Experiment"]):
    """Experiments by what they do now."""

    def assigning(self) -> Self:
        """Those that decide by which method leads are scored."""
        return self.filter(status__in=ASSIGNING)

    def alive(self) -> Self:
        """Those begun and not ended."""
        return self.filter(status__in=(*ASSIGNING, ExperimentStatus.MATURING))

    def newest_first(self) -> Self:
        """In the order of their making, the last one first."""
        return self.order_by("-created_at", "-pk")


class Experiment(OrgScoped):
    """Ways of scoring, each with a share of the leads. What decides the result is hashed at the start, and a database
    trigger refuses to change it from then on.

    `arms` holds {"name", "method", "share"} of each way, control first; the shares sum to 1. `control_method`,
    `treatment_method` and `traffic_split` say the same of an experiment with two arms.
    """

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    control_method = models.CharField(max_length=METHOD_LENGTH)
    treatment_method = models.CharField(max_length=METHOD_LENGTH)
    traffic_split = models.FloatField(default=0.5, help_text="The share of control, between 0 and 1.")
    arms = models.JSONField(default=list, blank=True, help_text='[{"name", "method", "share"}], control first.')
    population = models.JSONField(
        default=dict, blank=True, help_text='Which leads: {"source": ["website"]}; empty: all.'
    )
    coverage = models.FloatField(default=1.0, help_text="The share of the population that is taken at all.")
    attribution_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="A conversion counts within so many days of the first scoring in the experiment.",
    )
    revenue_cap = models.FloatField(default=0.99, help_text="Revenue above this quantile counts as the quantile.")
    planned_leads = models.PositiveIntegerField(null=True, blank=True, help_text="In all arms together.")
    guardrails = models.JSONField(default=dict, blank=True, help_text="How far what must not fall may fall.")
    salt = models.CharField(max_length=32, blank=True, help_text="What the arms are drawn by.")
    iteration = models.PositiveSmallIntegerField(default=1)
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="next")
    design = models.JSONField(null=True, blank=True, help_text="What decides the result, as it was at the start.")
    design_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the design.")
    status = models.CharField(max_length=16, choices=ExperimentStatus.choices, default=ExperimentStatus.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField("enrolment closed at", null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=150, blank=True)
    summed_until = models.DateField(null=True, blank=True, help_text="Leads of the days before it are summed up.")
    conversions_until = models.DateField(
        null=True, blank=True, help_text="Conversions of leads of the days before it are kept."
    )
    tally = models.JSONField(default=dict, blank=True, help_text="Leads and conversions by arm, as last counted.")
    sample_ratio = models.FloatField(
        null=True, blank=True, help_text="The p-value of the arms' sizes, the smallest so far, as last counted."
    )
    decision = models.CharField(max_length=16, choices=Decision.choices, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decision_reason = models.TextField(blank=True)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_experiment"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(traffic_split__gt=0, traffic_split__lt=1), name="ab_test_split_inside"
            ),
            models.CheckConstraint(condition=models.Q(coverage__gt=0, coverage__lte=1), name="ab_test_coverage_inside"),
            models.CheckConstraint(
                condition=models.Q(attribution_days__gte=1, attribution_days__lte=365), name="ab_test_window_inside"
            ),
            models.CheckConstraint(
                condition=models.Q(revenue_cap__gt=0, revenue_cap__lte=1), name="ab_test_revenue_cap_inside"
            ),
            # One experiment a population: that populations overlap is the starting act's to see, under a lock. By its
            # digest, since an entry of an index has room for no more than some hundred values.
            models.UniqueConstraint(
                "org_id",
                MD5(Cast("population", models.TextField())),
                condition=models.Q(status__in=["RUNNING", "ENROLMENT_CLOSED"]),
                name="ab_test_one_running",
            ),
            models.CheckConstraint(
                condition=models.Q(status="DRAFT") | models.Q(started_at__isnull=False), name="ab_test_has_started"
            ),
            models.CheckConstraint(
                condition=models.Q(status="STOPPED", stopped_at__isnull=False) & ~models.Q(decision="")
                | ~models.Q(status="STOPPED") & models.Q(stopped_at__isnull=True, decision=""),
                name="ab_test_stopped_with_a_decision",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def variants(self) -> Sequence[str]:
        """The names of the arms, control first."""
        return [arm["name"] for arm in self.arms]

    @property
    def is_assigning(self) -> bool:
        """Whether its leads are scored by the method of their arm."""
        return self.status in ASSIGNING

    def days_run(self, at: datetime) -> float:
        """For how many days it has taken leads, or took them; 0 for a draft."""
        if self.started_at is None:
            return 0.0
        end = min(moment for moment in (at, self.closed_at, self.stopped_at) if moment is not None)
        return max((end - self.started_at) / timedelta(days=1), 0.0)

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.pk,
            "experiment_name": self.name,
            "description": self.description,
            "status": self.status,
            "control_method": self.control_method,
            "treatment_method": self.treatment_method,
            "traffic_split": self.traffic_split,
            "variants": self.arms,
            "population": self.population,
            "coverage": self.coverage,
            "attribution_days": self.attribution_days,
            "revenue_cap": self.revenue_cap,
            "planned_leads": self.planned_leads,
            "guardrails": self.guardrails,
            "iteration": self.iteration,
            "previous": self.previous_id,
            "salt": self.salt,
            "design": self.design,
            "design_hash": self.design_hash or None,
            "created_at": iso(self.created_at),
            "created_by": self.created_by,
            "started_at": iso(self.started_at),
            "enrolment_closed_at": iso(self.closed_at),
            "stopped_at": iso(self.stopped_at),
            "decision": self.decision or None,
            "decided_by": self.decided_by or None,
            "decision_reason": self.decision_reason,
        }
