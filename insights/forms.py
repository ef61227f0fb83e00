"""What a person writes on a lead's page, checked."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.language import english
from leads.importing.mapping_toml import DEFAULT, ready_mappings
from leads.models import Dossier, Outcome

LAST_SECOND = time(23, 59, 59)
"""Of a day that has passed: a lead that was scored on the day was scored before it was decided."""
CONVERTED, LOST = "converted", "lost"


def problems_of(form: forms.Form) -> str:
    """What is wrong with it, in one line."""
    return " ".join(str(problem) for problems in form.errors.values() for problem in problems)


class AmountField(forms.DecimalField):
    """An amount as the viewer writes it, and as pages show it: "1,234.50", or "1 234,50" in French."""

    def to_python(self, value: Any) -> Any:
        """The number; None where nothing is written."""
        return super().to_python(english(value) if isinstance(value, str) else value)


class OutcomeForm(forms.Form):
    """What became of a lead, on which day (today where none is given), and for how much."""

    became = forms.ChoiceField(
        choices=[(CONVERTED, gettext_lazy("Converted")), (LOST, gettext_lazy("Lost"))],
        error_messages={"required": gettext_lazy("Say whether it converted or was lost.")},
    )
    day = forms.DateField(required=False, error_messages={"invalid": gettext_lazy("Write the day like 2026-11-25.")})
    revenue = AmountField(
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_digits", "max_decimal_places", "max_whole_digits"),
            gettext_lazy("Write the revenue as a number from 0 on, like 1234.50."),
        ),
    )

    def __init__(self, *args: Any, lead: Dossier, now: datetime, current: Outcome | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lead, self.now, self.current = lead, now, current

    def clean(self) -> dict[str, Any]:
        """Adds `occurred_at` and `is_exact` by the day. Refuses days before the lead, and to come."""
        told = super().clean() or {}
        today = timezone.localtime(self.now).date()
        day = told.get("day") or today
        if not min(timezone.localtime(self.lead.created_at).date(), today) <= day <= today:
            raise forms.ValidationError(_("The day must be from the lead's creation to today."))
        return told | self._moment(day, today)

    def _moment(self, day: date, today: date) -> dict[str, Any]:
        """When it was decided: as it stands where its day stays, now for today, else the day's last second."""
        if self.current and timezone.localtime(self.current.occurred_at).date() == day:
            return {"occurred_at": self.current.occurred_at, "is_exact": self.current.is_exact}
        end = timezone.make_aware(datetime.combine(day, LAST_SECOND))
        return {"occurred_at": self.now if day == today else end, "is_exact": True}

    def as_told(self) -> dict[str, Any]:
        """As `record_outcome` takes it: revenue belongs to a conversion."""
        told, converted = self.cleaned_data, self.cleaned_data["became"] == CONVERTED
        revenue = told.get("revenue") if converted else None
        when = {name: told[name] for name in ("occurred_at", "is_exact")}
        return {"converted": converted, "revenue": revenue, **when}


def _mappings() -> list[tuple[str, Any]]:
    others = ((name, name) for name in ready_mappings() if name != DEFAULT)
    return [("", gettext_lazy("as the API names fields")), *others]


class ImportForm(forms.Form):
    """A file of leads or events, and how it is to be read: by a mapping of one's own, or by a ready one."""

    file = forms.FileField(
        label=gettext_lazy("File (CSV, or one JSON object a line)"),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
    )
    content = forms.ChoiceField(
        label=gettext_lazy("It holds"), choices=[("leads", gettext_lazy("leads")), ("events", gettext_lazy("events"))]
    )
    ready = forms.ChoiceField(label=gettext_lazy("Columns are named"), choices=_mappings, required=False)
    own = forms.CharField(
        label=gettext_lazy("Or a mapping of your own (TOML)"),
        required=False,
        max_length=200_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """Adds `mapping`: one's own goes before a ready one."""
        told = super().clean() or {}
        return told | {"mapping": told.get("own", "").strip() or told.get("ready", "")}


class OverrideForm(forms.Form):
    """A person's own probability in percent, and the reason."""

    percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), gettext_lazy("Give a probability from 0 to 100 percent.")
        ),
    )
    reason = forms.CharField(
        max_length=1000, error_messages={"required": gettext_lazy("Say why: an override needs a reason.")}
    )

    def as_told(self) -> dict[str, Any]:
        """As `override` takes it."""
        return {"probability": self.cleaned_data["percent"] / 100, "reason": self.cleaned_data["reason"]}
