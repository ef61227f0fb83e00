"""What a person fills in to plan, to make and to move an experiment, checked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.designs import Arm, Plan, two_arms
from experiments.models import Decision
from experiments.statistics.planning import SEQUENTIAL
from insights.experiment_words import DECISIONS

LONGEST_REASON = 10_000
MOST_DAYS = 365


class PercentField(forms.FloatField):
    """A share, written as percent."""

    def clean(self, value: Any) -> float | None:
        """The share; None where nothing is written."""
        told = super().clean(value)
        return None if told is None else told / 100


def _percent(label: Any, least: float, most: float, **more: Any) -> PercentField:
    return PercentField(label=label, min_value=least, max_value=most, step_size=None, localize=False, **more)


class PlanForm(forms.Form):
    """What is to be found, and with what; all of it has a default, or is the organisation's own."""

    rate = _percent(gettext_lazy("How many convert now, %"), 0.01, 99.99, required=False)
    lift = _percent(gettext_lazy("Smallest lift worth finding, %"), 0.1, 10_000, initial=20)
    power = _percent(gettext_lazy("How surely it is to be found, %"), 50, 99, initial=80)
    per_day = forms.FloatField(label=gettext_lazy("Leads a day"), min_value=0.001, max_value=1e9, required=False)
    treated = _percent(gettext_lazy("Of which scored the new way, %"), 0.1, 99.9, initial=50)
    days = forms.IntegerField(
        label=gettext_lazy("Days until a lead counts"), min_value=1, max_value=MOST_DAYS, initial=30
    )

    @classmethod
    def filled(cls, query: Any) -> PlanForm:
        """With the defaults for what an address does not say."""
        defaults = {name: field.initial for name, field in cls.base_fields.items() if field.initial is not None}
        return cls(defaults | {name: query[name] for name in cls.base_fields if name in query})

    def clean(self) -> dict[str, Any]:
        """Refuses a lift to certainty and beyond."""
        told = super().clean() or {}
        rate, lift = told.get("rate"), told.get("lift")
        if rate and lift and rate * (1 + lift) >= 1:
            self.add_error("lift", _("That would have every lead convert."))
        return told

    def asked(self) -> dict[str, Any]:
        """As `experiments.planning.plan` takes it, but for what is the organisation's own."""
        told = self.cleaned_data
        return {
            "lift": told["lift"],
            "power": told["power"],
            "treatment_share": told["treated"],
            "attribution_days": told["days"],
            "horizon": SEQUENTIAL,
        }


class ExperimentForm(forms.Form):
    """A new experiment of two arms; more of them are made over the API."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    description = forms.CharField(
        label=gettext_lazy("What is to be found out (optional)"),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    control = forms.ChoiceField(label=gettext_lazy("The way it is scored now"), initial="RULE_BASED")
    treatment = forms.ChoiceField(label=gettext_lazy("The new way"), initial="ML")
    treated = _percent(gettext_lazy("Of the leads the new way, %"), 0.1, 99.9, initial=50)
    days = forms.IntegerField(
        label=gettext_lazy("Days until a lead counts"), min_value=1, max_value=MOST_DAYS, initial=30
    )
    planned = forms.IntegerField(
        label=gettext_lazy("Planned leads (optional)"), min_value=1, max_value=2**31 - 1, required=False
    )
    sources = forms.CharField(
        label=gettext_lazy("Only from these sources (optional, with commas)"), required=False, max_length=2_000
    )
    stop_on_breach = forms.BooleanField(
        label=gettext_lazy("Stop by itself where revenue falls, or answers come later"), required=False
    )

    def __init__(self, *args: Any, methods: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("control", "treatment"):
            self.fields[name].choices = methods  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuses a method against itself."""
        told = super().clean() or {}
        if told.get("control") and told.get("control") == told.get("treatment"):
            self.add_error("treatment", _("Choose two ways that differ."))
        return told

    def plan(self) -> Plan:
        """What is wanted."""
        told = self.cleaned_data
        sources = [name for each in told["sources"].split(",") if (name := each.strip())]
        return Plan(
            name=told["name"],
            description=told["description"],
            arms=self._arms(),
            population={"source": sources} if sources else {},
            attribution_days=told["days"],
            planned_leads=told["planned"],
            guardrails={"stop_on_breach": told["stop_on_breach"]},
        )

    def _arms(self) -> list[Arm]:
        told = self.cleaned_data
        return two_arms(told["control"], told["treatment"], 1.0 - told["treated"])


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("Why (optional)"),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class StopForm(forms.Form):
    """What is made of it, and why: an end needs a reason."""

    decision = forms.ChoiceField(
        label=gettext_lazy("What is made of it"),
        choices=[(code, DECISIONS[code]) for code in Decision.values],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say what is made of it.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say why: whoever reads this in a year will ask.")},
    )
