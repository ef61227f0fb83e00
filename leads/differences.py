"""What a sent lead changes: compared in memory with what is stored, then written in few statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from leads import bulk
from leads.outcomes import StatusStep
from leads.records import FIRST_STATUS, LeadRecord, PropertyRecord, Scalar, same_value
from leads.tables.dossier import USABLE, Availability

CORE = ("source", "source_score", "owner", "region", "amount")
# A lead told within a day of its creation is told as it was then; later nobody can say since when its values held.
PROMPT = timedelta(days=1)

UPDATE_DOSSIERS = """
UPDATE dossier SET created_at = told.created_at, source = told.source, source_score = told.source_score,
       owner = told.owner, region = told.region, amount = told.amount, updated_at = clock_timestamp()
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::float8[], %s::text[], %s::text[], %s::float8[])
     AS told (id, created_at, source, source_score, owner, region, amount) WHERE dossier.id = told.id
"""
# Of two that tell a lead at once the earlier may be written last: in the order of their times they stand as written.
ADD_CHANGES = """
INSERT INTO lead_change (org_id, dossier_id, field, old_value, changed_at)
SELECT %s, told.dossier_id, told.field, told.old_value, greatest(
    told.changed_at, (SELECT max(changed_at) FROM lead_change WHERE dossier_id = told.dossier_id))
FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::timestamptz[])
     AS told (dossier_id, field, old_value, changed_at)
"""
PUT_PROPERTIES = """
INSERT INTO property (org_id, dossier_id, price, has_photos, city, known_from)
SELECT %s, * FROM unnest(%s::bigint[], %s::float8[], %s::boolean[], %s::text[], %s::timestamptz[])
ON CONFLICT (dossier_id) DO UPDATE SET price = EXCLUDED.price, has_photos = EXCLUDED.has_photos, city = EXCLUDED.city
"""
REMOVE_PROPERTIES = "DELETE FROM property USING unnest(%s::bigint[]) AS gone (id) WHERE dossier_id = gone.id"
# What held from the creation on, by (dossier, creation as told before, creation as told now, when that was told).
FROM_CREATION = """
unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[]) AS told (dossier_id, before, since, at)
"""
MOVE_ATTRIBUTES = f"""
UPDATE lead_attribute AS held SET known_from = told.since FROM {FROM_CREATION}
WHERE (held.dossier_id, held.known_from) = (told.dossier_id, told.before) AND NOT EXISTS (
    SELECT FROM lead_attribute WHERE (dossier_id, name) = (held.dossier_id, held.name) AND known_from < told.before)
"""  # noqa: S608 - our own words
MOVE_PROPERTIES = f"""
UPDATE property SET known_from = told.since FROM {FROM_CREATION}
WHERE (property.dossier_id, property.known_from) = (told.dossier_id, told.before)
"""  # noqa: S608
# Of a lead that was dated into the future nothing could change before that.
MOVE_CHANGES = f"""
UPDATE lead_change SET changed_at = told.at FROM {FROM_CREATION}
WHERE (lead_change.dossier_id, changed_at) = (told.dossier_id, told.before) AND told.before > told.at
"""  # noqa: S608
# Two values known from the same instant: there was no time between them, so the later telling counts.
PUT_ATTRIBUTES = """
INSERT INTO lead_attribute (org_id, dossier_id, name, value, known_from, availability)
SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::timestamptz[], %s::text[])
ON CONFLICT (dossier_id, name, known_from) DO UPDATE SET value = EXCLUDED.value, availability = EXCLUDED.availability
"""


@dataclass(frozen=True, slots=True)
class KnownAttribute:
    """The current value of an attribute, and since when."""

    value: Scalar
    known_from: datetime
    availability: str


@dataclass(frozen=True, slots=True)
class KnownLead:
    """A lead as the tables hold it. `core` has the values of `CORE`, in that order.

    `told` is the status that it was told with last; events may have set another since.
    """

    dossier_id: int
    status: str
    told: str
    created_at: datetime
    core: tuple[Any, ...]
    property: PropertyRecord | None
    property_known_from: datetime | None
    attributes: Mapping[str, KnownAttribute]

    def created_earlier(self, since: datetime) -> KnownLead:
        """The same, where what it was told with at its creation held from `since` on."""
        return replace(
            self,
            property_known_from=since if self.property_known_from == self.created_at else self.property_known_from,
            attributes={
                name: replace(each, known_from=since) if each.known_from == self.created_at else each
                for name, each in self.attributes.items()
            },
        )


@dataclass(frozen=True, slots=True)
class TellingOf:
    """A lead as it was sent, and when. `is_file`: from a file, which may repeat what it has said before."""

    lead: LeadRecord
    at: datetime
    is_file: bool = False

    @property
    def moment(self) -> datetime:
        """From when on its changes count: not before the lead's creation."""
        return max(self.at, self.lead.created_at)

    @property
    def is_prompt(self) -> bool:
        """Whether the lead is told as it was when it came."""
        return self.at - self.lead.created_at <= PROMPT

    @property
    def core(self) -> tuple[Any, ...]:
        """The values of `CORE`, in that order."""
        return tuple(getattr(self.lead, name) for name in CORE)


@dataclass
class Differences:
    """Rows to write, one list a table."""

    dossiers: list[tuple[Any, ...]] = field(default_factory=list)
    created_earlier: list[tuple[Any, ...]] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)
    properties: list[tuple[Any, ...]] = field(default_factory=list)
    removed_properties: list[tuple[int]] = field(default_factory=list)
    attributes: list[tuple[Any, ...]] = field(default_factory=list)
    steps: list[StatusStep] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)

    def write(self, org_id: str) -> None:
        """Writes all but the status steps, which are an act of their own."""
        for statement in (MOVE_ATTRIBUTES, MOVE_PROPERTIES, MOVE_CHANGES):
            bulk.execute(statement, self.created_earlier)
        bulk.execute(ADD_CHANGES, self.changes, org_id)
        bulk.execute(REMOVE_PROPERTIES, self.removed_properties)
        bulk.execute(PUT_PROPERTIES, self.properties, org_id)
        bulk.execute(PUT_ATTRIBUTES, self.attributes, org_id)
        bulk.execute(UPDATE_DOSSIERS, self.dossiers)  # last, since it says when: what was scored meanwhile saw nothing

    def undo(self, dossier_id: int, name: str, old: Any, moment: datetime) -> None:
        """Notes that until `moment` the column `name` held `old`."""
        value = old.isoformat() if isinstance(old, datetime) else old
        self.changes.append((dossier_id, name, None if value is None else bulk.as_json(value), moment))

    def put_attribute(self, dossier_id: int, name: str, attribute: KnownAttribute) -> None:
        """Notes a row of an attribute; a null value says that it is no longer known."""
        value = None if attribute.value is None else bulk.as_json(attribute.value)
        since = attribute.known_from.isoformat()
        self.attributes.append((dossier_id, name, value, since, str(attribute.availability)))

    def put_property(self, dossier_id: int, told: PropertyRecord, known_from: datetime) -> None:
        """Notes the property as it is now."""
        self.properties.append((dossier_id, told.price, told.has_photos, told.city, known_from))


def first_telling(telling: TellingOf, dossier_id: int, differences: Differences) -> None:
    """Notes what a lead not heard of before brings: its values held from its creation on."""
    lead = telling.lead
    if lead.property is not None:
        differences.put_property(dossier_id, lead.property, lead.created_at)
    # Computed once a lead and not once an attribute, of which a file may have millions.
    since, otherwise = lead.created_at.isoformat(), _availability_by_age(telling)
    differences.attributes += [
        (dossier_id, name, bulk.as_json(value), since, lead.availability.get(name, otherwise))
        for name, value in lead.attributes.items()
        if value is not None
    ]
    differences.steps.append(_first_step(telling, dossier_id))


def _availability_by_age(telling: TellingOf) -> str:
    return (Availability.CREATION if telling.is_prompt else Availability.UNKNOWN).value


def _first_step(telling: TellingOf, dossier_id: int) -> StatusStep:
    lead = telling.lead
    if lead.status is None:
        return StatusStep(dossier_id, "", FIRST_STATUS, lead.created_at)
    if lead.status_at is not None:
        return StatusStep(dossier_id, "", lead.status, lead.status_at, revenue=lead.revenue)
    return StatusStep(dossier_id, "", lead.status, telling.moment, is_exact=telling.is_prompt, revenue=lead.revenue)


def compare(telling: TellingOf, known: KnownLead, differences: Differences) -> None:
    """Notes what changes of a known lead.

    Where the lead is now said to have been created earlier, what held from its creation on holds from the earlier
    moment on.
    """
    since = telling.lead.created_at
    if since < known.created_at:
        differences.created_earlier.append((known.dossier_id, known.created_at, since, telling.moment))
        known = known.created_earlier(since)
    names = {**known.attributes, **telling.lead.attributes}
    changes = [
        since != known.created_at,
        _compare_core(telling, known, differences),
        _compare_property(telling, known, differences),
        *(_compare_attribute(telling, known, name, differences) for name in names),
        _compare_status(telling, known, differences),
    ]
    if any(changes):
        differences.changed.add(telling.lead.number)
        differences.dossiers.append((known.dossier_id, telling.lead.created_at, *telling.core))


def _compare_core(telling: TellingOf, known: KnownLead, differences: Differences) -> bool:
    for name, old, new in zip(CORE, known.core, telling.core, strict=True):
        if old != new:
            differences.undo(known.dossier_id, name, old, telling.moment)
    return known.core != telling.core


def _compare_property(telling: TellingOf, known: KnownLead, differences: Differences) -> bool:
    told, old = telling.lead.property, known.property
    if told == old:
        return False
    if told is not None:
        differences.put_property(known.dossier_id, told, known.property_known_from or telling.moment)
    else:
        differences.removed_properties.append((known.dossier_id,))
    if told is None or old is None:
        differences.undo(known.dossier_id, "property.known_from", known.property_known_from, telling.moment)
    if old is not None:
        _undo_property(known.dossier_id, old, told, telling.moment, differences)
    return True


def _undo_property(
    dossier_id: int, old: PropertyRecord, told: PropertyRecord | None, moment: datetime, differences: Differences
) -> None:
    for name in ("price", "has_photos", "city"):
        value = getattr(old, name)
        # Of one that goes, also what nobody knew: it may come back with it, and had it not before.
        if told is None or value != getattr(told, name):
            differences.undo(dossier_id, f"property.{name}", value, moment)


def _compare_attribute(telling: TellingOf, known: KnownLead, name: str, differences: Differences) -> bool:
    value, current = telling.lead.attributes.get(name), known.attributes.get(name)
    declared = telling.lead.availability.get(name)
    if current is None:
        row = None if value is None else _late_attribute(telling, value, declared)
    elif not same_value(value, current.value):
        row = KnownAttribute(value, max(telling.moment, current.known_from), _observed(declared))
    elif declared and declared != current.availability and _goes_before(declared, current.availability):
        row = KnownAttribute(value, current.known_from, declared)
    else:
        row = None
    if row is not None:
        differences.put_attribute(known.dossier_id, name, row)
    return row is not None


def _compare_status(telling: TellingOf, known: KnownLead, differences: Differences) -> bool:
    lead = telling.lead
    said_before = known.told if telling.is_file else known.status
    if lead.status is None or (lead.status == said_before and lead.status_at is None):
        return False
    after = known.status if lead.status == said_before else lead.status
    differences.steps.append(
        StatusStep(
            known.dossier_id,
            known.status,
            after,
            lead.status_at or telling.moment,
            is_exact=lead.status_at is not None or after != known.status,
            revenue=lead.revenue,
            is_retold=lead.status_at is not None and after == known.status,
            told=None if lead.status == after else lead.status,
        )
    )
    return after != known.status


def _late_attribute(telling: TellingOf, value: Scalar, declared: str | None) -> KnownAttribute:
    """An attribute that the lead did not have: known from now on, unless a mapping says when it was known."""
    if declared:
        return KnownAttribute(value, telling.lead.created_at, declared)
    return KnownAttribute(value, telling.moment, Availability.OBSERVED)


def _goes_before(declared: str, known: str) -> bool:
    """Whether what a mapping says of an attribute replaces what is known.

    A change was seen at its time; of that, only that it may not be used can be said.
    """
    return known != Availability.OBSERVED or declared not in USABLE


def _observed(declared: str | None) -> str:
    """A change has been seen at its time, so it may be used, unless it is declared to come of contact or outcome."""
    return declared if declared and declared != Availability.CREATION else Availability.OBSERVED.value
