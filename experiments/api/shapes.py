"""What the doors of this room take."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.serializers import (
    LONGEST_TEXT,
    FiniteFloatField,
    StrictSerializer,
    TextField,
    TrueOrFalseField,
    WholeNumberField,
)
from experiments.designs import GUARDRAILS, MOST_ARMS, TWO_ARMS, Arm, Plan, two_arms
from experiments.models import Decision
from experiments.populations import MOST_FIELDS, problems_of
from experiments.statistics.planning import FIXED, SEQUENTIAL

SHARE: dict[str, Any] = {"min_value": 0.001, "max_value": 0.999}
SCALAR = {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]}


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"oneOf": [*SCALAR["oneOf"], {"type": "array", "items": SCALAR}]},
        "maxProperties": MOST_FIELDS,
    }
)
class PopulationField(serializers.Field):  # type: ignore[type-arg]
    """Which leads: a value or several for `source`, `region`, `owner`, `status` or `attributes.<name>`."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The filter. Raises ValidationError naming each field that it cannot have."""
        problems = problems_of(data)
        if "population" in problems:  # the filter itself, no field of it
            raise serializers.ValidationError(problems["population"])
        if problems:
            raise serializers.ValidationError({name: [text] for name, text in problems.items()})
        return dict(data)

    def to_representation(self, value: Any) -> Any:
        """As it is."""
        return value


class ArmIn(StrictSerializer):
    """One way of scoring."""

    name = TextField(max_length=32)
    method = TextField(max_length=32, help_text="`RULE_BASED`, `ML`, or `ML:<version>`.")
    share = FiniteFloatField(**SHARE)


class GuardrailsIn(StrictSerializer):
    """How far what must not fall may fall, as shares of control's."""

    revenue_margin = FiniteFloatField(default=GUARDRAILS["revenue_margin"], min_value=0.0, max_value=1.0)
    response_margin = FiniteFloatField(default=GUARDRAILS["response_margin"], min_value=0.0, max_value=10.0)
    stop_on_breach = TrueOrFalseField(default=False, help_text="Whether a breach stops the experiment by itself.")


class ChangedGuardrailsIn(GuardrailsIn):
    """Those that are to be different; the others stay as they were."""

    revenue_margin = FiniteFloatField(required=False, min_value=0.0, max_value=1.0)
    response_margin = FiniteFloatField(required=False, min_value=0.0, max_value=10.0)
    stop_on_breach = TrueOrFalseField(required=False)


class DesignIn(StrictSerializer):
    """What decides the result besides the arms; all of it optional."""

    population = PopulationField(required=False, help_text="Which leads; all that are undecided unless said otherwise.")
    coverage = FiniteFloatField(required=False, min_value=0.001, max_value=1.0, help_text="The share taken at all.")
    attribution_days = WholeNumberField(required=False, min_value=1, max_value=365)
    revenue_cap = FiniteFloatField(required=False, min_value=0.5, max_value=1.0, help_text="A quantile.")
    planned_leads = WholeNumberField(required=False, allow_null=True, min_value=1, max_value=2**31 - 1)
    guardrails = GuardrailsIn(required=False)

    def design(self) -> dict[str, Any]:
        """What was said of it, by the names of Plan."""
        return {name: dict(value) if name == "guardrails" else value for name, value in self._said()}

    def _said(self) -> Any:
        names = DesignIn().fields
        return ((name, value) for name, value in self.validated_data.items() if name in names)


class ExperimentIn(DesignIn):
    """A new experiment: the contract's two arms, or `variants`."""

    experiment_name = TextField(max_length=200)
    description = TextField(default="", allow_blank=True, max_length=LONGEST_TEXT)
    control_method = TextField(required=False, max_length=32)
    treatment_method = TextField(required=False, max_length=32)
    traffic_split = FiniteFloatField(required=False, **SHARE, help_text="The share of control; 0.5 unless set.")
    variants = ArmIn(many=True, required=False, help_text=f"2 to {MOST_ARMS} arms, control first; shares sum to 1.")
    start = TrueOrFalseField(default=True, help_text="Whether it starts at once.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of both forms. Raises ValidationError."""
        two = [name for name in TWO_ARMS if name in attrs]
        if "variants" in attrs and two:
            raise serializers.ValidationError({two[0]: "cannot stand beside variants."})
        if "variants" not in attrs:
            missing = [name for name in ("control_method", "treatment_method") if name not in attrs]
            if missing:
                raise serializers.ValidationError(dict.fromkeys(missing, "is required."), code="required")
        return attrs

    def plan(self) -> Plan:
        """What is wanted."""
        said = self.validated_data
        if "variants" in said:
            arms = [Arm(**arm) for arm in said["variants"]]
        else:
            arms = two_arms(said["control_method"], said["treatment_method"], said.get("traffic_split", 0.5))
        return Plan(name=said["experiment_name"], description=said["description"], arms=arms, **self.design())


class IterationIn(DesignIn):
    """What is to be different in a new iteration."""

    variants = ArmIn(many=True, required=False)
    guardrails = ChangedGuardrailsIn(required=False)
    start = TrueOrFalseField(default=True)

    def changes(self) -> dict[str, Any]:
        """By the names of Plan."""
        variants = self.validated_data.get("variants")
        return self.design() | ({"arms": [Arm(**arm) for arm in variants]} if variants is not None else {})


class StopIn(StrictSerializer):
    """What is made of it; all of it optional."""

    decision = serializers.ChoiceField(Decision.choices, default=Decision.INCONCLUSIVE)
    reason = TextField(default="", allow_blank=True, max_length=LONGEST_TEXT)


class ReasonIn(StrictSerializer):
    """Why, where somebody wants to say."""

    reason = TextField(default="", allow_blank=True, max_length=LONGEST_TEXT)


class PlanIn(StrictSerializer):
    """What is to be found, and with what."""

    baseline_rate = FiniteFloatField(
        required=False, min_value=0.0001, max_value=0.9999, help_text="Control's; the organisation's own unless given."
    )
    smallest_lift = FiniteFloatField(
        default=0.1, min_value=0.001, max_value=100.0, help_text="The smallest relative lift worth finding."
    )
    power = FiniteFloatField(default=0.8, min_value=0.5, max_value=0.99)
    traffic_split = FiniteFloatField(default=0.5, **SHARE, help_text="The share of control.")
    leads_per_day = FiniteFloatField(
        required=False, min_value=0.001, max_value=1e9, help_text="The organisation's own unless given."
    )
    attribution_days = WholeNumberField(default=30, min_value=1, max_value=365)
    horizon = serializers.ChoiceField(
        [SEQUENTIAL, FIXED], default=SEQUENTIAL, help_text="Looked at all the time, or once at the end."
    )
    population = PopulationField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuses a lift to certainty and beyond."""
        rate = attrs.get("baseline_rate")
        if rate is not None and rate * (1 + attrs["smallest_lift"]) >= 1:
            raise serializers.ValidationError({"smallest_lift": "would have every lead convert."})
        return attrs
