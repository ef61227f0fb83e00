"""Taking in what the CRM tells: leads whole, and events. Many is the real function; one lead is a list of one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from common.serializers import EARLIEST
from leads import bulk, untold
from leads.differences import CORE, Differences, KnownAttribute, KnownLead, TellingOf, compare, first_telling
from leads.models import Organisation
from leads.outcomes import StatusStep, follow_statuses, told_at
from leads.records import APPOINTMENT, FIRST_STATUS, MESSAGE, EventRecord, LeadRecord, PropertyRecord

ADD_DOSSIERS = """
INSERT INTO dossier (org_id, number, status, created_at, source, source_score, owner, region, amount, noted_status)
SELECT %s, *, status FROM unnest(
    %s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::float8[], %s::text[], %s::text[], %s::float8[])
    AS told (number, status, created_at, source, source_score, owner, region, amount)
ON CONFLICT (org_id, number) DO NOTHING RETURNING id, number
"""
# Locked in one order, so that two imports cannot wait for each other; events may be added meanwhile.
LOCK_DOSSIERS = """
SELECT dossier.number, dossier.id, dossier.status, dossier.created_at,
       dossier.source, dossier.source_score, dossier.owner, dossier.region, dossier.amount,
       coalesce(dossier.told_status, dossier.status), coalesce(dossier.noted_status <> dossier.status, true),
       property.known_from, property.price, property.has_photos, property.city
FROM dossier LEFT JOIN property ON property.dossier_id = dossier.id
WHERE dossier.org_id = %s AND dossier.number = ANY(%s) ORDER BY dossier.number FOR NO KEY UPDATE OF dossier
"""
CURRENT_ATTRIBUTES = """
SELECT DISTINCT ON (dossier_id, name) dossier_id, name, value::text, known_from, availability
FROM lead_attribute WHERE dossier_id = ANY(%s) ORDER BY dossier_id, name, known_from DESC
"""
STATUS_MOMENTS = """
SELECT dossier_id, max(changed_at) FROM lead_status_change
WHERE dossier_id = ANY(%s) AND from_status <> '' GROUP BY dossier_id
"""
IS_UNTOLD = 5 + len(CORE)
"""The place, in such a row, of whether the CRM itself has written the status."""
NUMBERS = "SELECT number, id FROM dossier WHERE org_id = %s AND number = ANY(%s)"
STATUSES = """
SELECT id, status, coalesce(told_status, status), coalesce(noted_status <> status, true)
FROM dossier WHERE id = ANY(%s) ORDER BY number FOR NO KEY UPDATE
"""
# By the clock and not the transaction's start, and the last thing said before the end: what was scored meanwhile did
# not see the events. Locked in the order of numbers, as everywhere.
NOTE_NEWS = """
UPDATE dossier SET updated_at = clock_timestamp()
FROM (SELECT id FROM dossier WHERE id = ANY(%s) ORDER BY number FOR NO KEY UPDATE) AS told WHERE dossier.id = told.id
"""
# Leads without any event, as an import often brings them: none of theirs can be known already.
WITH_EVENTS = """
SELECT sent.dossier_id FROM unnest(%s::bigint[]) AS sent (dossier_id)
WHERE EXISTS (SELECT FROM message_entity WHERE dossier_id = sent.dossier_id)
   OR EXISTS (SELECT FROM appointment_entity WHERE dossier_id = sent.dossier_id)
   OR EXISTS (SELECT FROM lead_event WHERE dossier_id = sent.dossier_id)
"""
# The same external_id counts once for a lead, whatever kind it was sent as the first time.
KNOWN_EXTERNAL_IDS = """
SELECT sent.dossier_id, sent.external_id FROM unnest(%s::bigint[], %s::text[]) AS sent (dossier_id, external_id)
WHERE EXISTS (SELECT FROM message_entity WHERE (dossier_id, external_id) = (sent.dossier_id, sent.external_id))
   OR EXISTS (SELECT FROM appointment_entity WHERE (dossier_id, external_id) = (sent.dossier_id, sent.external_id))
   OR EXISTS (SELECT FROM lead_event WHERE (dossier_id, external_id) = (sent.dossier_id, sent.external_id))
"""
ADD_MESSAGES = """
INSERT INTO message_entity (org_id, dossier_id, created_at, recorded_at, external_id, properties, direction)
SELECT %s, dossier_id, at, coalesce(recorded_at, at), external_id, properties, direction FROM unnest(
    %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::jsonb[], %s::text[])
    AS told (dossier_id, at, recorded_at, external_id, properties, direction)
ON CONFLICT (dossier_id, external_id) DO NOTHING
"""
ADD_APPOINTMENTS = """
INSERT INTO appointment_entity (org_id, dossier_id, created_at, recorded_at, external_id, properties, scheduled_for)
SELECT %s, dossier_id, at, coalesce(recorded_at, at), external_id, properties, scheduled_for FROM unnest(
    %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::jsonb[], %s::timestamptz[])
    AS told (dossier_id, at, recorded_at, external_id, properties, scheduled_for)
ON CONFLICT (dossier_id, external_id) DO NOTHING
"""
ADD_EVENTS = """
INSERT INTO lead_event (
    org_id, dossier_id, occurred_at, recorded_at, external_id, properties, kind, direction, is_outcome_echo)
SELECT %s, dossier_id, at, coalesce(recorded_at, at), external_id, properties, kind, direction, is_echo FROM unnest(
    %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::jsonb[], %s::text[], %s::text[], %s::boolean[])
    AS told (dossier_id, at, recorded_at, external_id, properties, kind, direction, is_echo)
ON CONFLICT (dossier_id, external_id) DO NOTHING
"""


@dataclass(frozen=True)
class LeadCounts:
    """Which leads, by number, were new and which were known and have changed; the rest was known and the same."""

    created: frozenset[int]
    changed: frozenset[int]


@dataclass(frozen=True)
class EventCounts:
    """How many events were new, how many were known already, and the positions of those whose lead is not known."""

    added: int = 0
    known: int = 0
    unknown: tuple[int, ...] = field(default=())


@transaction.atomic
def put_leads(*, org_id: str, leads: Sequence[LeadRecord], at: datetime, by: str, is_file: bool = False) -> LeadCounts:
    """Creates or replaces leads, as told at `at`. What is unchanged writes nothing.

    A file may be told again when events have moved its leads on: of a file (`is_file`) a status counts only where it
    is another than the one that the lead was told with last.
    Where a number occurs twice the later record counts. A replaced value of the lead or its property leaves an undo
    row, a replaced attribute a new row known from `at`; a status that means won or lost makes or ends the outcome.
    """
    told = {lead.number: lead for lead in sorted(leads, key=lambda lead: lead.number)}
    if not told:
        return LeadCounts(frozenset(), frozenset())
    organisation = Organisation.get(org_id)
    organisation.observe(_latest(told.values()))
    at = told_at(organisation, at)
    created = _add_dossiers(org_id, told)
    differences = Differences()
    for number, dossier_id in created.items():
        first_telling(TellingOf(told[number], at), dossier_id, differences)
    for number, known in _known(organisation, [number for number in told if number not in created], at).items():
        compare(TellingOf(told[number], at, is_file), known, differences)
    follow_statuses(organisation=organisation, steps=differences.steps, by=by)
    differences.write(org_id)
    return LeadCounts(frozenset(created), frozenset(differences.changed))


def _latest(leads: Iterable[LeadRecord]) -> datetime:
    return max(max(lead.created_at, lead.status_at or lead.created_at) for lead in leads)


def _add_dossiers(org_id: str, told: Mapping[int, LeadRecord]) -> dict[int, int]:
    rows = [
        (
            lead.number,
            lead.status or FIRST_STATUS,
            lead.created_at,
            lead.source,
            lead.source_score,
            lead.owner,
            lead.region,
            lead.amount,
        )
        for lead in told.values()
    ]
    return {number: dossier_id for dossier_id, number in bulk.execute_returning(ADD_DOSSIERS, rows, org_id)}


def _known(organisation: Organisation, numbers: list[int], at: datetime) -> dict[int, KnownLead]:
    """The leads as known, locked; a status that the CRM itself has written meanwhile is noted before it is compared."""
    if not numbers:
        return {}
    rows = bulk.fetch(LOCK_DOSSIERS, organisation.org_id, numbers)
    if unseen := [row[1] for row in rows if row[IS_UNTOLD]]:
        untold.note(organisation, unseen, at=at)
        rows = bulk.fetch(LOCK_DOSSIERS, organisation.org_id, numbers)
    attributes: dict[int, dict[str, KnownAttribute]] = {row[1]: {} for row in rows}
    for dossier_id, name, value, known_from, availability in bulk.fetch(CURRENT_ATTRIBUTES, list(attributes)):
        content = None if value is None else json.loads(value)
        attributes[dossier_id][name] = KnownAttribute(content, known_from, availability)
    return {row[0]: _known_lead(row, attributes[row[1]]) for row in rows}


def _known_lead(row: tuple[Any, ...], attributes: dict[str, KnownAttribute]) -> KnownLead:
    _, dossier_id, status, created_at, *rest = row
    core, (told, _, known_from, price, has_photos, city) = tuple(rest[: len(CORE)]), rest[len(CORE) :]
    interest = None if known_from is None else PropertyRecord(price, has_photos, city)
    return KnownLead(dossier_id, status, told, created_at, core, interest, known_from, attributes)


@transaction.atomic
def add_events(*, org_id: str, events: Sequence[EventRecord], at: datetime, by: str = "") -> EventCounts:
    """Adds what happened to leads; an `external_id` that the lead has already counts once.

    Events of leads that are not known are left out and reported by their position. An event that is a step of the
    status sets it, unless a later step is known. A lead of which something new is told is noted as updated: an event
    may be told long after it was recorded, and the lead's score does not count it yet.
    """
    if not events:
        return EventCounts()
    organisation = Organisation.get(org_id)
    dossiers = dict(bulk.fetch(NUMBERS, org_id, sorted({event.number for event in events})))
    known = [(dossiers[event.number], event) for event in events if event.number in dossiers]
    if not known:
        return EventCounts(unknown=tuple(range(len(events))))
    organisation.observe(max(event.occurred_at for _, event in known))
    fresh = _not_sent_before(known)
    added = _add_occurrences(org_id, fresh)
    _follow(organisation, known, fresh, at=at, by=by)
    if fresh:
        bulk.run(NOTE_NEWS, list({dossier_id for dossier_id, _ in fresh}))
    unknown = tuple(place for place, event in enumerate(events) if event.number not in dossiers)
    return EventCounts(added=added, known=len(known) - added, unknown=unknown)


def _not_sent_before(events: list[tuple[int, EventRecord]]) -> list[tuple[int, EventRecord]]:
    """The events, each external_id of a dossier once, in an order in which two imports cannot wait for each other."""
    named = [(dossier_id, event.external_id) for dossier_id, event in events if event.external_id is not None]
    older = {
        row[0]
        for row in bulk.execute_returning(WITH_EVENTS, [(dossier_id,) for dossier_id in {key[0] for key in named}])
    }
    seen = set(bulk.execute_returning(KNOWN_EXTERNAL_IDS, [key for key in named if key[0] in older]))
    fresh = []
    for dossier_id, event in events:
        key = (dossier_id, event.external_id)
        if event.external_id is None or key not in seen:
            seen.add(key)
            fresh.append((dossier_id, event))
    return sorted(fresh, key=lambda pair: (pair[0], pair[1].external_id or ""))


def _add_occurrences(org_id: str, events: list[tuple[int, EventRecord]]) -> int:
    messages, appointments, others = [], [], []
    for dossier_id, event in events:
        base = (dossier_id, event.occurred_at, event.recorded_at, event.external_id, _object(event.properties))
        if event.kind == MESSAGE:
            messages.append((*base, event.direction))
        elif event.kind == APPOINTMENT:
            appointments.append((*base, event.scheduled_for))
        else:
            others.append((*base, event.kind, event.direction, event.is_outcome_echo))
    return (
        bulk.execute(ADD_MESSAGES, messages, org_id)
        + bulk.execute(ADD_APPOINTMENTS, appointments, org_id)
        + bulk.execute(ADD_EVENTS, others, org_id)
    )


def _object(properties: Mapping[str, Any] | None) -> str | None:
    return None if properties is None else json.dumps(properties, ensure_ascii=False, allow_nan=False)


def _follow(
    organisation: Organisation,
    events: list[tuple[int, EventRecord]],
    fresh: list[tuple[int, EventRecord]],
    *,
    at: datetime,
    by: str,
) -> None:
    """Sets the statuses that events tell. All leads that are written here and after, of `fresh`, are locked at once.

    Of several steps at one moment the last told stands, so that one told again is no step. A status that the CRM itself
    has written meanwhile is noted before: it is later than what happened earlier.
    """
    telling = sorted((pair for pair in events if pair[1].status), key=lambda pair: pair[1].occurred_at)
    if not telling:
        return
    moved = {dossier_id for dossier_id, _ in telling}
    rows = bulk.fetch(STATUSES, list(moved | {dossier_id for dossier_id, _ in fresh}))
    if unseen := [row[0] for row in rows if row[0] in moved and row[3]]:
        untold.note(organisation, unseen, at=at)
        rows = bulk.fetch(STATUSES, list(moved))
    status, told = {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}
    latest = dict(bulk.fetch(STATUS_MOMENTS, list(moved)))
    news = {id(event) for _, event in fresh}
    steps = []
    for dossier_id, event in telling:
        since = latest.get(dossier_id, EARLIEST)
        is_old = event.occurred_at < since or (event.occurred_at == since and id(event) not in news)
        if event.status and not is_old and event.status != status[dossier_id]:
            steps.append(
                StatusStep(
                    dossier_id,
                    status[dossier_id],
                    event.status,
                    event.occurred_at,
                    told=told[dossier_id],
                    recorded_at=event.recorded_at,
                )
            )
            status[dossier_id] = event.status
    follow_statuses(organisation=organisation, steps=steps, by=by)
