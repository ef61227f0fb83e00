"""What a mapping says of the organisation itself: its words for won and lost, its time zone, and its records' end."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from leads.importing.mapping import FileMapping, MappingProblem
from leads.models import Dossier, Organisation
from leads.outcomes import settle_change

TAKEN = ("time_zone", "won_statuses", "lost_statuses", "observed_until")
"""What a mapping may change of an organisation."""
HAS_LATER = """
SELECT EXISTS (SELECT FROM dossier WHERE org_id = %(org)s AND created_at > %(until)s)
    OR EXISTS (SELECT FROM message_entity WHERE org_id = %(org)s AND created_at > %(until)s)
    OR EXISTS (SELECT FROM appointment_entity WHERE org_id = %(org)s AND created_at > %(until)s)
    OR EXISTS (SELECT FROM lead_event WHERE org_id = %(org)s AND occurred_at > %(until)s)
"""


def as_told(org_id: str, mapping: FileMapping) -> Organisation:
    """The organisation with the mapping's words, as it will be, stored nowhere. Raises MappingProblem."""
    known = Organisation.objects.filter(pk=org_id).first()
    organisation = known or Organisation(org_id=org_id)
    _take_words(organisation, mapping, is_new=known is None and not Dossier.objects.of(org_id).exists())
    return organisation


@transaction.atomic
def prepare(
    *, org_id: str, mapping: FileMapping, until: datetime | None, by: str, dry_run: bool = False
) -> tuple[Organisation, list[str]]:
    """The organisation as the import needs it, and notes on that for a person. Raises MappingProblem.

    A new organisation takes the mapping's words for won and lost. One that has a row or leads gains those that it
    lacks, and its leads' outcomes are derived anew. `until` ends historical records. A dry run leaves no audit row,
    whose lock others would have to wait for.
    """
    known = Organisation.objects.select_for_update().filter(pk=org_id).first()
    organisation = known or Organisation(org_id=org_id)
    before = {name: getattr(organisation, name) for name in TAKEN}
    has_leads = Dossier.objects.of(org_id).exists()
    _take_words(organisation, mapping, is_new=known is None and not has_leads)
    notes = _take_zone(organisation, mapping, has_leads=has_leads)
    if until is not None:
        notes += _take_end(organisation, until)
    organisation.save()
    if changed := [name for name in TAKEN if getattr(organisation, name) != before[name]]:
        settle_change(org_id=org_id, changed=changed, by=by, on_record=not dry_run)
    return organisation, notes


def _take_words(organisation: Organisation, mapping: FileMapping, *, is_new: bool) -> None:
    won, lost = list(mapping.won), list(mapping.lost)
    if is_new:
        organisation.won_statuses = won or organisation.won_statuses
        organisation.lost_statuses = lost or organisation.lost_statuses
    for words, verdict in ((won, True), (lost, False)):
        for word in words:
            if organisation.verdict_of(word) is (not verdict):
                meaning = "lost" if verdict else "won"
                raise MappingProblem(f"{word!r} means {meaning} in {organisation.org_id}; change it there first")
    new_won = [word for word in won if organisation.verdict_of(word) is None]
    new_lost = [word for word in lost if organisation.verdict_of(word) is None]
    organisation.won_statuses = [*organisation.won_statuses, *new_won]
    organisation.lost_statuses = [*organisation.lost_statuses, *new_lost]


def _take_zone(organisation: Organisation, mapping: FileMapping, *, has_leads: bool) -> list[str]:
    if not mapping.names_zone or organisation.time_zone == mapping.time_zone.key:
        return []
    if not has_leads:
        organisation.time_zone = mapping.time_zone.key
        return []
    kept = f"{organisation.org_id} keeps its time zone {organisation.time_zone}"
    return [f"{kept}; times without an offset are read in {mapping.time_zone}."]


def _take_end(organisation: Organisation, until: datetime) -> list[str]:
    if until >= timezone.now():
        return ["The records reach the present, so the organisation is a live one."]
    if organisation.observed_until is None and _is_live_beyond(organisation.org_id, until):
        end = f"{until:%Y-%m-%d %H:%M} UTC"
        return [f"{organisation.org_id} has data beyond the end of these records ({end}): it stays live."]
    organisation.observed_until = max(until, organisation.observed_until or until)
    end = f"{organisation.observed_until:%Y-%m-%d %H:%M} UTC"
    return [f"The records of {organisation.org_id} end at {end}, which is its present until something later comes in."]


def _is_live_beyond(org_id: str, until: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(HAS_LATER, {"org": org_id, "until": until})
        return bool(cursor.fetchone()[0])
