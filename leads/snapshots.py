"""Leads as they were known at a moment: many (dossier, moment) pairs in a fixed number of SQL statements.

A value counts only if it had occurred, and was recorded, by the moment. Scoring one lead now, scoring all of them, and
making training rows of the past are this one call with other pairs. What depends on other leads is read as of the
beginning of the moment's day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from common.arrays import Moments
from common.postgresql.at_once import at_once
from leads.catalogue import Snapshots, Tally
from leads.features import Column, distinct
from leads.models import Direction, Organisation
from leads.recipes import NEVER
from leads.seen import NOT_KNOWN, Asked, Seen, see, seen_of
from leads.seen_in_bulk import see_in_bulk
from leads.standings import FEW_DAYS, Standings, standings

STATEMENTS = 1
"""How many SQL statements `take` sends, whatever the number of pairs, where the standings of the day are kept.

`told` sends none then. Two more count them and three keep them, for the first lead of a day, and one reads each into a
process.
"""

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta(microseconds=1)
MANY = 500
"""From so many pairs on they are copied out as arrays, in eight statements."""


def take(
    org: Organisation,
    dossiers: Sequence[int] | NDArray[np.int64],
    moments: Sequence[datetime] | Moments,
    *,
    known_by: Sequence[datetime] | None = None,
) -> Snapshots:
    """The dossiers (surrogate keys, of this organisation) as they were known at the moments, pair by pair.

    Moments are aware datetimes, or an array of instants in UTC.

    With `known_by` (one a pair, not after its moment) only what had occurred and was recorded by then counts, while
    ages, windows and recent rates are measured from the moment. Raises LeadGone (a KeyError) where a dossier does not
    exist in the organisation.
    """
    pairs, days = _pairs(dossiers, moments, known_by)
    seen = _see(org.org_id, pairs, days[:FEW_DAYS])
    return _assemble(org.zone, pairs, seen, standings(org.org_id, days, seen.kept))


def told(org: Organisation, read: Sequence[tuple[int, datetime, str]]) -> Snapshots:
    """The same from what another statement has read: dossier's key, moment, and the text of `leads.seen.within`."""
    dossiers, moments, texts = zip(*read, strict=True)
    pairs, days = _pairs(dossiers, moments)
    seen = seen_of(texts)
    return _assemble(org.zone, pairs, seen, standings(org.org_id, days, seen.kept))


def take_in_parts(
    org: Organisation,
    dossiers: Sequence[int] | NDArray[np.int64],
    moments: Sequence[datetime] | Moments,
    *,
    size: int,
    connections: int,
) -> list[Snapshots]:
    """The same for many pairs, `size` at a time, on several connections at once. Standings are counted once for all."""
    pairs, days = _pairs(dossiers, moments)
    stood = standings(org.org_id, days, {})

    def part(at: int) -> Snapshots:
        mine = pairs.part(slice(at, at + size))
        return _assemble(org.zone, mine, _see(org.org_id, mine, ()), stood)

    return at_once(part, range(0, max(len(pairs), 1), size), threads=connections)


def microseconds(moments: Iterable[datetime] | Moments) -> Moments:
    """Aware datetimes as numpy instants in UTC; instants as they are."""
    if isinstance(moments, np.ndarray) and moments.dtype.kind == "M":
        return moments
    # By arithmetic: numpy converts datetimes one by one, which takes fifteen times as long.
    return np.fromiter(((moment - EPOCH) // MICROSECOND for moment in moments), np.int64).view("datetime64[us]")


@dataclass(frozen=True)
class _Pairs:
    """What was asked for: arrays of length n. `day` and `today` are positions among all days: of what was known, and of
    the moment."""

    dossier: NDArray[np.int64]
    moment: Moments
    known_by: Moments
    day: NDArray[np.intp]
    today: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.dossier)

    def part(self, rows: slice) -> _Pairs:
        """Some of them."""
        return _Pairs(self.dossier[rows], self.moment[rows], self.known_by[rows], self.day[rows], self.today[rows])


def _pairs(
    dossiers: Sequence[int] | NDArray[np.int64],
    moments: Sequence[datetime] | Moments,
    known_by: Sequence[datetime] | None = None,
) -> tuple[_Pairs, list[date]]:
    """What was asked for, and all days that are among it, sorted."""
    instants = microseconds(moments)
    known = instants if known_by is None else microseconds(known_by)
    both = known if known_by is None else np.concatenate([known, instants])
    days, position = distinct(both.astype("datetime64[D]"))
    n = len(instants)
    pairs = _Pairs(np.asarray(dossiers, dtype=np.int64), instants, known, position[:n], position[-n:])
    return pairs, days.tolist()


def _see(org_id: str, pairs: _Pairs, days: Sequence[date]) -> Seen:
    asked = Asked(org_id, pairs.dossier, pairs.moment, pairs.known_by, days)
    return see_in_bulk(asked) if len(asked) >= MANY else see(asked)


def _assemble(zone: ZoneInfo, pairs: _Pairs, seen: Seen, stood: Standings) -> Snapshots:
    n = len(pairs.dossier)
    _undo(seen)
    known = seen.known_from <= pairs.known_by.astype(np.int64)
    source, region, city = seen.fields["source"], seen.fields["region"], _where(known, seen.fields["property.city"])
    nothing = Tally.none(n)
    return Snapshots(
        zone=zone,
        dossier=pairs.dossier,
        moment=pairs.moment,
        created_at=seen.created_at,
        source=source,
        source_score=seen.fields["source_score"],
        source_rate=_by_day(source, pairs.day, [each.rates for each in stood.sources]),
        # As of the moment and not of `known_by`: how other leads fare passes with time, and was not told of this one.
        rate_7_days=_of_days([each.rate_lately(7) for each in stood.sources], pairs.today),
        rate_30_days=_of_days([each.rate_lately(30) for each in stood.sources], pairs.today),
        region=region,
        city=city,
        amount=seen.fields["amount"],
        has_property=known.astype(float),
        property_price=_where(known, seen.fields["property.price"]),
        property_has_photos=_where(known, seen.fields["property.has_photos"]),
        market_activity=_by_day(_markets(city, region), pairs.day, [each.percentiles for each in stood.markets]),
        inbound=seen.tallies.get(f"message.{Direction.INBOUND}", nothing),
        outbound=seen.tallies.get(f"message.{Direction.OUTBOUND}", nothing),
        appointments=seen.tallies.get("appointment", nothing),
        last_event=_latest(n, seen.tallies.values()),
        events={
            name.removeprefix("event."): tally for name, tally in seen.tallies.items() if name.startswith("event.")
        },
        attributes=seen.attributes,
    )


def _undo(seen: Seen) -> None:
    """Puts back what later changes replaced."""
    for pair, name, old in seen.changes:
        if name == "property.known_from":
            seen.known_from[pair] = NOT_KNOWN if old is None else _instant(old)
        elif name in seen.fields:
            column = seen.fields[name]
            column[pair] = (old or None) if column.dtype == object else np.nan if old is None else float(old)


def _where(known: NDArray[np.bool_], column: Column) -> Column:
    kept = column.copy()
    kept[~known] = None if column.dtype == object else np.nan
    return kept


def _markets(city: Column, region: Column) -> Column:
    return np.array([a or b for a, b in zip(city.tolist(), region.tolist(), strict=True)], dtype=object)


def _by_day(words: Column, day: NDArray[np.intp], look_up: Sequence[Any]) -> NDArray[np.float64]:
    """What each word stood for on its row's day: `look_up` has a function of words for each day."""
    if len(look_up) == 1:
        return np.asarray(look_up[0](words))
    found = np.empty(len(words))
    if not look_up:
        return found
    rows = np.argsort(day, kind="stable")
    ends = np.searchsorted(day[rows], np.arange(1, len(look_up) + 1))
    for mine, values_of in zip(np.split(rows, ends[:-1]), look_up, strict=True):
        found[mine] = values_of(words[mine])
    return found


def _of_days(values: Sequence[float], day: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)[day]


def _instant(text: str) -> int:
    return int(microseconds([datetime.fromisoformat(text)]).astype(np.int64)[0])


def _latest(n: int, tallies: Iterable[Tally]) -> Moments:
    latest = np.empty(n, dtype="datetime64[us]")
    latest.fill(NEVER)
    for tally in tallies:
        latest = np.fmax(latest, tally.last)
    return latest
