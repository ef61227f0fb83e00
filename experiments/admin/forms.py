"""What staff fill in for a new experiment."""

from __future__ import annotations

from typing import Any

from django import forms

from experiments.designs import Plan, problems_with, two_arms
from experiments.models import Decision, Experiment
from experiments.populations import problems_of

LONGEST_REASON = 10_000


class ExperimentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Two arms; more are made over the API."""

    org_id = "default"

    class Meta:
        model = Experiment
        fields = (
            "name",
            "description",
            "control_method",
            "treatment_method",
            "traffic_split",
            "population",
            "attribution_days",
            "planned_leads",
        )

    def clean(self) -> dict[str, Any] | None:
        """Refuses methods that no lead can be scored by, and what is no filter."""
        said = super().clean() or {}
        problems = problems_of(said.get("population") or {})
        if problems:
            self.add_error("population", "; ".join(f"{name} {problem}" for name, problem in problems.items()))
        if {"control_method", "treatment_method", "traffic_split"} <= set(said):
            for name, text in problems_with(self.org_id, self._arms(said)).items():
                self.add_error(name, text)
        return said

    def plan(self) -> Plan:
        """What is wanted."""
        said = self.cleaned_data
        names = ("name", "description", "attribution_days", "planned_leads")
        return Plan(arms=self._arms(said), population=said["population"] or {}, **{name: said[name] for name in names})

    @staticmethod
    def _arms(said: dict[str, Any]) -> Any:
        return two_arms(said["control_method"], said["treatment_method"], said["traffic_split"])


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(required=False, max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}))


class StopForm(ReasonForm):
    """What is made of it, and why."""

    decision = forms.ChoiceField(choices=Decision.choices, initial=Decision.INCONCLUSIVE)
    field_order = ["decision", "reason"]
