"""Which attributes a model may read, which are suspect, and which it never sees: by when their values are known."""

from __future__ import annotations

from django.db import connection

from leads.models import Availability, Organisation

AVAILABILITIES = """
SELECT name, array_agg(DISTINCT availability) FROM lead_attribute WHERE org_id = %s GROUP BY name ORDER BY name
"""
LATER = (Availability.OUTCOME, Availability.CONTACT)


def availability_of(org: Organisation) -> tuple[dict[str, str], dict[str, str]]:
    """The availability of each attribute by feature name: of those that models read, and of those that they never read.

    Of an attribute whose values were declared differently, the most suspicious declaration counts. One of which only
    some values are known later (`contact`, `outcome`) is read, without those values, as `unknown`.
    """
    with connection.cursor() as cursor:
        cursor.execute(AVAILABILITIES, [org.org_id])
        said = {f"attributes.{name}": set(words) for name, words in cursor.fetchall()}
    read = {name: _most_suspicious(words) for name, words in said.items() if not words <= set(LATER)}
    never = {
        name: next(each.value for each in LATER if each in words) for name, words in said.items() if words & set(LATER)
    }
    return read, {name: word for name, word in never.items() if name not in read}


def _most_suspicious(words: set[str]) -> str:
    if words & {*LATER, Availability.UNKNOWN}:
        return Availability.UNKNOWN.value
    return (Availability.OBSERVED if Availability.OBSERVED in words else Availability.CREATION).value
