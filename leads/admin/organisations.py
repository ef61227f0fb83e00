"""The organisation's definitions, to edit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin.json_fields import STORABLE_JSON
from common.admin.moments import NAMED_MOMENTS
from common.serializers import EARLIEST, LATEST
from common.tenancy import org_of
from leads.models import Organisation
from leads.outcomes import settle_change


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    """An organisation whose words for won and lost are words, and mean one thing each."""

    class Meta:
        model = Organisation
        fields = (
            "org_id",
            "name",
            "time_zone",
            "horizon_days",
            "currency",
            "won_statuses",
            "lost_statuses",
            "observed_until",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # changed is what differs from what the page showed, not from what holds now
            field.show_hidden_initial = True

    def clean_observed_until(self) -> datetime | None:
        """The moment. Raises ValidationError where it lies in no year of ours: sums with such a present come out of the
        calendar.
        """
        moment: datetime | None = self.cleaned_data["observed_until"]
        if moment is not None and not EARLIEST <= moment < LATEST:
            raise forms.ValidationError("must lie between the years 1900 and 2200.")
        return moment

    def clean_won_statuses(self) -> list[str]:
        """The words. Raises ValidationError where they are not such a list, as the next does."""
        return _words(self.cleaned_data["won_statuses"])

    def clean_lost_statuses(self) -> list[str]:
        """The words."""
        return _words(self.cleaned_data["lost_statuses"])

    def clean(self) -> dict[str, Any]:
        """Everything. Raises ValidationError where a word means both."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        won, lost = ({word.casefold() for word in data.get(f"{name}_statuses", ())} for name in ("won", "lost"))
        if won & lost:
            raise forms.ValidationError({"lost_statuses": f"mean won already: {', '.join(sorted(won & lost))}."})
        return data


def _words(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word.strip() for word in value):
        raise forms.ValidationError('must be a list of texts, such as ["WON", "SIGNED"].')
    return [word.strip() for word in value]


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the organisation means by a conversion. Changed words settle the outcomes anew."""

    form = OrganisationForm
    formfield_overrides = NAMED_MOMENTS | STORABLE_JSON
    list_display = ("org_id", "name", "time_zone", "horizon_days", "observed_until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        """One's own; all of them for a superuser."""
        rows = super().get_queryset(request)
        return rows if getattr(request.user, "is_superuser", False) else rows.filter(pk=org_of(request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who is no superuser makes only the own one, and once."""
        if not super().has_add_permission(request):
            return False
        return bool(getattr(request.user, "is_superuser", False)) or not self.get_queryset(request).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Organisation | None = None) -> bool:
        """Never: its leads would stay, and be judged by the default words."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Organisation | None = None) -> tuple[str, ...]:
        """An organisation keeps its key, and who is no superuser does not choose one."""
        return ("org_id",) if obj is not None or not getattr(request.user, "is_superuser", False) else ()

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """Saves, settles the outcomes that follow from statuses, and leaves a row that says so.

        Of one that is there what was changed here alone: records that come in move its present on meanwhile, and an
        import adds words.
        """
        if change and not form.changed_data:
            return
        if not change and not getattr(request.user, "is_superuser", False):
            obj.org_id = org_of(request.user)
        obj.save(update_fields=form.changed_data if change else None)
        settle_change(org_id=obj.org_id, changed=form.changed_data, by=request.user.get_username())
