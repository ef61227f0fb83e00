"""What a person fills in for a new experiment, or for a new iteration of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.serializers import LONGEST_TEXT
from experiments.designs import GUARDRAILS, Arm, Plan
from experiments.models import CONTROL, TREATMENT, Experiment
from experiments.populations import problems_of
from insights.experiment_forms import MOST_DAYS, percent_field
from insights.population_text import Unreadable, population_of, text_of

Choices = list[tuple[str, str]]
WAYS = (("treatment", "treated"), ("second", "second_treated"), ("third", "third_treated"))
"""The fields of each new way of scoring, and of its share of the leads. The way of now has the rest."""
ESSENTIAL = ("name", "description", "control", "treatment", "treated", "days", "planned")


def _percent_of(share: float) -> float:
    value = round(100 * share, 6)
    return int(value) if value == int(value) else value


class ExperimentForm(forms.Form):
    """Up to three new ways of scoring against the one of now, on all leads or some."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    description = forms.CharField(
        label=gettext_lazy("What is to be found out (optional)"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    control = forms.ChoiceField(label=gettext_lazy("The way it is scored now"), initial="RULE_BASED")
    treatment = forms.ChoiceField(label=gettext_lazy("The new way"), initial="ML")
    treated = percent_field(gettext_lazy("Of the leads the new way, %"), 0.1, 99.9, initial=50)
    days = forms.IntegerField(
        label=gettext_lazy("Days until a lead counts"), min_value=1, max_value=MOST_DAYS, initial=30
    )
    planned = forms.IntegerField(
        label=gettext_lazy("Planned leads (optional)"), min_value=1, max_value=2**31 - 1, required=False
    )
    second = forms.ChoiceField(label=gettext_lazy("A second new way"), required=False)
    second_treated = percent_field(gettext_lazy("Of the leads the second way, %"), 0.1, 99.9, required=False)
    third = forms.ChoiceField(label=gettext_lazy("A third new way"), required=False)
    third_treated = percent_field(gettext_lazy("Of the leads the third way, %"), 0.1, 99.9, required=False)
    leads = forms.CharField(
        label=gettext_lazy("Only these leads: a field a line, as in “source: website, portal”"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    coverage = percent_field(gettext_lazy("Take so many of them, %"), 0.1, 100, initial=100)
    revenue_margin = percent_field(
        gettext_lazy("Revenue a lead may fall by, %"), 0, 100, initial=_percent_of(GUARDRAILS["revenue_margin"])
    )
    response_margin = percent_field(
        gettext_lazy("The first answer may come later by, %"),
        0,
        1_000,
        initial=_percent_of(GUARDRAILS["response_margin"]),
    )
    stop_on_breach = forms.BooleanField(
        label=gettext_lazy("Stop by itself where revenue falls, or answers come later"), required=False
    )

    def __init__(self, *args: Any, methods: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        none = [("", _("none"))]
        for name in ("control", "treatment", "second", "third"):
            field = self.fields[name]
            field.choices = methods if field.required else none + methods  # type: ignore[attr-defined]

    @property
    def essential(self) -> list[forms.BoundField]:
        """What every experiment needs said."""
        return [self[name] for name in ESSENTIAL]

    @property
    def more(self) -> list[forms.BoundField]:
        """What may stay as it is."""
        return [self[name] for name in self.fields if name not in ESSENTIAL]

    @property
    def says_more(self) -> bool:
        """Whether something of it is said, or wrong."""
        return any(field.errors or field.field.has_changed(field.field.initial, field.value()) for field in self.more)

    def clean(self) -> dict[str, Any]:
        """Refuses a method against itself, and shares that leave nothing for the way of now."""
        told = super().clean() or {}
        if told.get("control") and told.get("control") == told.get("treatment"):
            self.add_error("treatment", _("Choose two ways that differ."))
        for way, treated in WAYS[1:]:
            if bool(told.get(way)) != bool(told.get(treated)):
                self.add_error(treated if told.get(way) else way, _("Say both: which way, and of how many leads."))
        if sum(told.get(treated) or 0 for _way, treated in WAYS) >= 1:
            self.add_error("treated", _("That leaves no lead for the way of now."))
        return told

    def clean_leads(self) -> dict[str, list[Any]]:
        """The population. Raises ValidationError."""
        try:
            found = population_of(self.cleaned_data["leads"])
        except Unreadable as problem:
            raise forms.ValidationError(str(problem)) from problem
        if problems := problems_of(found):
            raise forms.ValidationError("; ".join(f"{name} {problem}" for name, problem in problems.items()))
        return found

    def design(self) -> dict[str, Any]:
        """What is wanted, by the names of Plan."""
        told = self.cleaned_data
        return {
            "name": told["name"],
            "description": told["description"],
            "arms": list(self._arms()),
            "population": told["leads"],
            "coverage": told["coverage"],
            "attribution_days": told["days"],
            "planned_leads": told["planned"],
            "guardrails": {name: told[name] for name in GUARDRAILS},
        }

    def plan(self) -> Plan:
        """A new experiment of it."""
        return Plan(**self.design())

    def _arms(self) -> Iterator[Arm]:
        told = self.cleaned_data
        shares = [told[treated] or 0.0 for _way, treated in WAYS]
        yield Arm(CONTROL, told["control"], 1.0 - sum(shares))
        for number, ((way, _treated), share) in enumerate(zip(WAYS, shares, strict=True), start=1):
            if told[way]:
                yield Arm(TREATMENT if number == 1 else f"{TREATMENT}-{number}", told[way], share)


def filled_from(experiment: Experiment) -> dict[str, Any]:
    """What the form is filled in with for a new iteration."""
    rails = GUARDRAILS | experiment.guardrails
    told: dict[str, Any] = {
        "name": experiment.name,
        "description": experiment.description,
        "control": experiment.arms[0]["method"],
        "days": experiment.attribution_days,
        "planned": experiment.planned_leads,
        "leads": text_of(experiment.population),
        "coverage": _percent_of(experiment.coverage),
        "revenue_margin": _percent_of(rails["revenue_margin"]),
        "response_margin": _percent_of(rails["response_margin"]),
        "stop_on_breach": rails["stop_on_breach"],
    }
    for (way, treated), arm in zip(WAYS, experiment.arms[1:], strict=False):
        told |= {way: arm["method"], treated: _percent_of(arm["share"])}
    return told


def can_hold(experiment: Experiment) -> bool:
    """Whether the form can say all of an experiment's design; if not, the API can."""
    try:
        is_same = population_of(text_of(experiment.population)) == experiment.population
    except Unreadable:
        is_same = False
    return 2 <= len(experiment.arms) <= 1 + len(WAYS) and is_same
