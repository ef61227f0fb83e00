"""What staff fill in for a new experiment, or for a new iteration of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet

from common.serializers import LONGEST_TEXT
from experiments.designs import GUARDRAILS, TWO_ARMS, Arm, Plan, problems_with, two_arms
from experiments.models import Decision, Experiment, ExperimentStatus
from experiments.populations import problems_of

ARM_KEYS = {"name", "method", "share"}
BOUNDS = {
    "coverage": (MinValueValidator(0.001), MaxValueValidator(1)),
    "revenue_cap": (MinValueValidator(0.5), MaxValueValidator(1)),
    "planned_leads": (MinValueValidator(1),),
}
"""As over the API."""
MADE_BY_ALL = ("name", "description", "coverage", "attribution_days", "revenue_cap", "planned_leads")


class ExperimentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Two arms by their methods and the share of the first, or `arms`."""

    org_id = "default"

    previous = forms.ModelChoiceField(
        Experiment.objects.none(),
        required=False,
        label="A new iteration of",
        help_text="One that has stopped. Leads fall into the arms anew.",
    )
    revenue_margin = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=GUARDRAILS["revenue_margin"],
        help_text="By which share of control's the revenue per lead may fall.",
    )
    response_margin = forms.FloatField(
        min_value=0,
        max_value=10,
        initial=GUARDRAILS["response_margin"],
        help_text="By which share of control's the first response may come later.",
    )
    stop_on_breach = forms.BooleanField(required=False, help_text="Whether a breach stops the experiment by itself.")

    class Meta:
        model = Experiment
        fields = (
            "name",
            "description",
            "control_method",
            "treatment_method",
            "traffic_split",
            "arms",
            "population",
            "coverage",
            "attribution_days",
            "revenue_cap",
            "planned_leads",
            "revenue_margin",
            "response_margin",
            "stop_on_breach",
            "previous",
        )
        help_texts = {
            "arms": 'More than two, instead of the fields above: [{"name", "method", "share"}], control first.'
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["previous"].queryset = stopped(self.org_id)  # type: ignore[attr-defined]
        for name in TWO_ARMS:
            self.fields[name].required = False
        for name, bounds in BOUNDS.items():
            self.fields[name].validators.extend(bounds)

    def clean(self) -> dict[str, Any] | None:
        """Refuses methods that no lead can be scored by, and what is no filter."""
        said = super().clean() or {}
        problems = problems_of(said.get("population") or {})
        if problems:
            self.add_error("population", "; ".join(f"{name} {problem}" for name, problem in problems.items()))
        for name, text in self._problems(said).items():
            self.add_error(name if name in self.fields else "arms", text)
        return said

    def _problems(self, said: dict[str, Any]) -> dict[str, str]:
        if "arms" not in said:  # what was written there is no JSON, which the form says already
            return {}
        if said["arms"]:
            return problems_with(self.org_id, _arms(said)) if _is_arms(said["arms"]) else {"arms": "are not arms."}
        missing = [name for name in TWO_ARMS if said.get(name) in (None, "")]
        return dict.fromkeys(missing, "is required.") if missing else problems_with(self.org_id, _arms(said))

    def design(self) -> dict[str, Any]:
        """What is wanted, by the names of Plan."""
        said = self.cleaned_data
        guardrails = {name: said[name] for name in GUARDRAILS}
        more = {"arms": _arms(said), "population": said["population"] or {}, "guardrails": guardrails}
        return {name: said[name] for name in MADE_BY_ALL} | more

    def plan(self) -> Plan:
        """A new experiment of it."""
        return Plan(**self.design())


def stopped(org_id: str) -> QuerySet[Experiment]:
    """Those of which there may be a new iteration."""
    return Experiment.objects.of(org_id).filter(status=ExperimentStatus.STOPPED).newest_first()


def filled_from(before: Experiment) -> dict[str, Any]:
    """What the form is filled in with for a new iteration."""
    names = (*TWO_ARMS, "population", *MADE_BY_ALL)
    arms = before.arms if len(before.arms) > 2 else []
    more: dict[str, Any] = GUARDRAILS | before.guardrails | {"arms": arms, "previous": before.pk}
    return {name: getattr(before, name) for name in names} | more


def _arms(said: dict[str, Any]) -> list[Arm]:
    if said["arms"]:
        return [Arm(str(arm["name"]), str(arm["method"]), float(arm["share"])) for arm in said["arms"]]
    return two_arms(said["control_method"], said["treatment_method"], said["traffic_split"])


def _is_arms(told: Any) -> bool:
    return isinstance(told, list) and all(
        isinstance(each, dict) and set(each) == ARM_KEYS and isinstance(each["share"], (int, float)) for each in told
    )


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3}))


class StopForm(ReasonForm):
    """What is made of it, and why."""

    decision = forms.ChoiceField(choices=Decision.choices, initial=Decision.INCONCLUSIVE)
    field_order = ["decision", "reason"]
