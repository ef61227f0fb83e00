"""What a person fills in to plan and to move an experiment, checked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.serializers import LONGEST_TEXT
from experiments.models import Decision
from experiments.statistics.planning import SEQUENTIAL
from insights.experiment_words import DECISIONS

MOST_DAYS = 365


class PercentField(forms.FloatField):
    """A share, written as percent."""

    def clean(self, value: Any) -> float | None:
        """The share; None where nothing is written."""
        told = super().clean(value)
        return None if told is None else told / 100


def percent_field(label: Any, least: float, most: float, **more: Any) -> PercentField:
    """From `least` to `most` percent."""
    return PercentField(label=label, min_value=least, max_value=most, step_size=None, localize=False, **more)


class PlanForm(forms.Form):
    """What is to be found, and with what; all of it has a default, or is the organisation's own."""

    rate = percent_field(gettext_lazy("How many convert now, %"), 0.01, 99.99, required=False)
    lift = percent_field(gettext_lazy("Smallest lift worth finding, %"), 0.1, 10_000, initial=20)
    power = percent_field(gettext_lazy("How surely it is to be found, %"), 50, 99, initial=80)
    per_day = forms.FloatField(label=gettext_lazy("Leads a day"), min_value=0.001, max_value=1e9, required=False)
    treated = percent_field(gettext_lazy("Of which scored the new way, %"), 0.1, 99.9, initial=50)
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


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("Why (optional)"),
        required=False,
        max_length=LONGEST_TEXT,
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
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say why: whoever reads this in a year will ask.")},
    )
