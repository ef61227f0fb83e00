"""Whether what comes in can be trusted: how new it is, what is empty, what moved, what was rejected, what may leak."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.phrasebook import CUT, QUOTED
from insights import drift_figures, words
from insights.drawing import Figure
from insights.freshness import Freshness, freshness_of
from insights.missing import MissingRates, missing_rates
from insights.pages.drift import Drift, drift_of
from leads.models import ImportJob, Organisation
from models_registry.releases import Suspects, newest_suspects
from predictions.living import living_of
from predictions.reasons import label_of

MOST_IMPORTS = 20
STALE = timedelta(days=3)
"""A week-end without leads is no alarm."""
MANY_REJECTED = 0.05
FINE, LOOK, WAITING = "high", "missed", "waiting"
"""Tones of a light: nothing to do, look at it, nothing known yet."""
FIELDS = {
    "owner": gettext_lazy("Owner"),
    "source_score": gettext_lazy("Source score"),
    "property_has_photos": gettext_lazy("Property with photos"),
}


@dataclass(frozen=True)
class Light:
    """One thing to be sure of: in a sentence, whether it is so, and where on the page it is shown."""

    words: str
    tone: str
    place: str


@dataclass(frozen=True)
class Last:
    """When one kind of record came last; `age` in words."""

    name: str | Promise
    at: datetime | None
    age: str
    is_stale: bool


@dataclass(frozen=True)
class DataPage:
    """What the page shows."""

    lights: list[Light]
    fresh: Freshness
    lasts: list[Last]
    missing: MissingRates
    missing_figure: Figure | None
    drift: Drift | None
    has_version: bool
    suspects: Suspects
    imports: list[ImportJob]


def data_page(org: Organisation) -> DataPage:
    """All of it, in a fixed number of statements."""
    at, living = org.now(), living_of(org.org_id)
    fresh, missing, suspects = freshness_of(org, at), missing_rates(org, at), newest_suspects(org.org_id)
    imports = list(ImportJob.objects.of(org.org_id).defer("rejects", "mapping").order_by("-created_at")[:MOST_IMPORTS])
    drift, lasts = drift_of(living.drift), _lasts(fresh, at)
    return DataPage(
        lights=[
            _fresh_light(lasts[0]),
            _missing_light(missing),
            _drift_light(drift),
            _suspects_light(suspects),
            *_import_light(imports),
        ],
        fresh=fresh,
        lasts=lasts,
        missing=missing,
        missing_figure=drift_figures.missing(missing.fields, field_label) if missing.fields else None,
        drift=drift,
        has_version=living.version is not None,
        suspects=suspects,
        imports=imports,
    )


def field_label(name: str) -> str:
    """A field as people call it."""
    return str(FIELDS.get(name) or label_of(name))


def _lasts(fresh: Freshness, at: datetime) -> list[Last]:
    told = (
        (_("Lead created"), fresh.lead, at, True),
        (_("Message or call"), fresh.message, at, True),
        (_("Appointment made"), fresh.appointment, at, False),
        (_("Other event"), fresh.event, at, False),
        (_("Outcome"), fresh.outcome, at, True),
        (_("Lead scored"), fresh.scored, timezone.now(), True),
    )
    return [_last(name, when, now, is_daily) for name, when, now, is_daily in told]


def _last(name: str, when: datetime | None, now: datetime, is_daily: bool) -> Last:
    if when is None:
        return Last(name, None, _("none yet"), False)
    since = max(now - when, timedelta())
    return Last(name, when, _ago(when, now), is_daily and since > STALE)


def _ago(when: datetime, now: datetime) -> str:
    since = now - when
    if since < timedelta(minutes=1):
        return _("just now")
    if since < timedelta(days=1):
        return _("%s ago") % words.span(since.total_seconds() / 60)
    age = words.age(when, now)
    return age if words.days_between(when, now) < words.AGED else _("%s ago") % age


def _fresh_light(lead: Last) -> Light:
    if lead.at is None:
        return Light(_("No lead has come in yet"), WAITING, "freshness")
    said = _("The newest lead: %s") % lead.age
    if lead.is_stale:
        return Light(_("%s. Is the CRM still sending?") % said, LOOK, "freshness")
    return Light(said, FINE, "freshness")


def _missing_light(missing: MissingRates) -> Light:
    if not missing.earlier:
        return Light(_("Nothing can be said of empty fields yet"), WAITING, "missing")
    emptier = [field_label(each.feature) for each in missing.emptier]
    if not emptier:
        return Light(_("No field is emptier than before"), FINE, "missing")
    said = ngettext(
        "%(n)s field is emptier than before: %(which)s", "%(n)s fields are emptier than before: %(which)s", len(emptier)
    )
    return Light(said % {"n": len(emptier), "which": _some(emptier)}, LOOK, "missing")


def _some(names: list[str]) -> str:
    return ", ".join([*names[:3], *(["…"] if len(names) > 3 else [])])


def _drift_light(drift: Drift | None) -> Light:
    if drift is None or drift.is_too_old:
        return Light(_("Drift has not been measured yet"), WAITING, "drift")
    if not drift.can_tell:
        return Light(_("Too few leads have come lately to say whether they have changed"), WAITING, "drift")
    if not drift.moved:
        return Light(_("Leads are still like those the model learnt from"), FINE, "drift")
    said = ngettext("%s thing moved since training", "%s things moved since training", drift.moved)
    return Light(said % drift.moved, LOOK, "drift")


def _suspects_light(suspects: Suspects) -> Light:
    if suspects.version is None:
        return Light(_("No training has looked for leaks yet"), WAITING, "suspects")
    waiting = [each["attribute"] for each in suspects.found if not each["released"]]
    if not waiting:
        return Light(_("No attribute waits to be looked at"), FINE, "suspects")
    said = ngettext(
        "%(n)s attribute is kept out as a possible leak: %(which)s",
        "%(n)s attributes are kept out as possible leaks: %(which)s",
        len(waiting),
    )
    return Light(said % {"n": len(waiting), "which": _some(waiting)}, LOOK, "suspects")


def _import_light(imports: list[ImportJob]) -> Iterator[Light]:
    if not imports:
        return
    last, said = imports[0], {"rejected": words.plain(imports[0].rejected), "rows": words.plain(imports[0].rows)}
    if last.status == "FAILED":
        yield Light(_("The last import failed"), LOOK, "imports")
    elif last.is_open:
        yield Light(_("An import is under way"), WAITING, "imports")
    else:
        is_fine = last.rejected <= MANY_REJECTED * max(last.rows, 1)
        yield Light(
            _("The last import rejected %(rejected)s of %(rows)s rows") % said, FINE if is_fine else LOOK, "imports"
        )


MOST_REASONS, MOST_ROWS = 20, 100
VALUE = re.compile(QUOTED)
"""What a reason quotes of its row: rows are of one kind whatever stands there."""


@dataclass(frozen=True)
class ImportPage:
    """One import: why rows were rejected, the commonest reason first, and the first of them."""

    job: ImportJob
    reasons: list[tuple[str, int]]
    rows: list[dict[str, Any]]
    kept: int


def import_page(job: ImportJob) -> ImportPage:
    """As its row tells it."""
    reasons = Counter(VALUE.sub(CUT, reject["reason"]) for reject in job.rejects)
    return ImportPage(job, reasons.most_common(MOST_REASONS), job.rejects[:MOST_ROWS], len(job.rejects))
