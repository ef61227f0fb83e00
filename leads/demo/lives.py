"""The lives of the demonstration's leads, whole: drawn from `world`, fate first, and only later cut off at the present.

Pure. Times are whole seconds: `created` since 1970, everything else since the lead's creation; NEVER where it does not
happen. n is the number of leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from leads.demo import world
from leads.demo.world import Arrival, Size, Words
from leads.features import Column

Ints = NDArray[np.int64]

MINUTE, DAY = 60, 86_400
NEVER = np.int64(2**40)
ZONE = "Europe/Paris"
WEEKDAYS = (1.15, 1.05, 1.0, 1.0, 1.05, 1.2, 0.7)
HOURS = (1, 0.5, 0.3, 0.2, 0.2, 0.5, 1, 2, 4, 6, 7, 7, 6, 5, 6, 6, 6, 7, 8, 8, 7, 6, 4, 2)
"""When people write: how much each weekday and local hour counts against the others. It says nothing of their fate."""
LATE_CLOSING, LATE_CLOSING_DAYS = 0.85, (65.0, 95.0)
"""The share of the leads fallen silent that the agency closes, and when; the rest stays open for good."""


@dataclass(frozen=True)
class Happenings:
    """Things that happened: to which lead (a position, ascending), and when. Arrays of one length."""

    lead: Ints
    at: Ints

    def where(self, chosen: Bools) -> Happenings:
        """The chosen ones."""
        return Happenings(self.lead[chosen], self.at[chosen])

    def of(self, first: int, last: int) -> Happenings:
        """Those of the leads from `first` to before `last`, counted from `first`; in the order of leads as they are."""
        low, high = np.searchsorted(self.lead, [first, last])
        return Happenings(self.lead[low:high] - first, self.at[low:high])


@dataclass(frozen=True)
class Attribute:
    """A named value of each lead (None: never told), and from when it is known."""

    value: Column
    at: Ints


@dataclass(frozen=True)
class Lives:
    """n leads from creation to end. `decided` is when it was won or lost; `converts` is which."""

    created: Ints
    converts: Bools
    decided: Ints
    source: Column
    region: Column
    owner: Column
    city: Column
    price: Floats
    has_photos: Bools
    property_at: Ints
    attributes: Mapping[str, Attribute]
    answered: Ints
    streams: Mapping[str, Happenings]
    replies: Happenings
    """What the agency writes after its first answer."""
    epilogue: Happenings
    """Messages after the sale, by turns from and to the lead: who counts them for the past has seen the future."""

    def __len__(self) -> int:
        return len(self.created)


def draw(n: int, *, since: datetime, until: datetime, seed: int) -> Lives:
    """n lives of leads created between two moments, oldest first; the same for the same arguments."""
    chance = np.random.default_rng(seed)
    created = _created(n, since, until, chance)
    converts = chance.random(n) < world.CONVERTING_SHARE
    decided = _decided(converts, chance)
    city, region = _places(n, chance)
    answered = _answered(converts, chance)
    streams = {name: _stream(converts, stream, decided, chance) for name, stream in world.STREAMS.items()}
    property_at = _arrives(world.PROPERTY_KNOWN, decided, chance)
    return Lives(
        created=created,
        converts=converts,
        decided=decided,
        region=region,
        city=city,
        source=_words(converts, world.SOURCE, chance),
        owner=np.array([world.TEAMS[place] for place in region], dtype=object),
        price=_sizes(converts, world.PRICE, np.array([world.CITIES[place][2] for place in city]), chance).round(-3),
        has_photos=_words(converts, world.HAS_PHOTOS, chance).astype(bool),
        property_at=property_at,
        attributes=_attributes(created, converts, region, decided, chance),
        answered=np.where(answered < decided, answered, NEVER),
        streams=streams,
        replies=_replies(created, answered, decided, streams["inbound"], chance),
        epilogue=_epilogue(converts, decided, chance),
    )


def _created(n: int, since: datetime, until: datetime, chance: Generator) -> Ints:
    """Moments of busy and idle hours, by thinning; slowly more leads from month to month."""
    start, length = int(since.timestamp()), int((until - since).total_seconds())
    hours = [since + timedelta(hours=hour) for hour in range(length // 3600 + 1)]
    local = [moment.astimezone(ZoneInfo(ZONE)) for moment in hours]
    busy = np.array([WEEKDAYS[moment.weekday()] * HOURS[moment.hour] for moment in local])
    busy *= np.linspace(1, 1.3, len(hours))
    hour = chance.choice(len(hours), size=n, p=busy / busy.sum())
    return np.sort(start + np.minimum(hour * 3600 + chance.integers(0, 3600, n), length - 1))


def _decided(converts: Bools, chance: Generator) -> Ints:
    n = len(converts)
    won = chance.beta(*world.CONVERTS_AFTER, n) * world.LAST_DAY
    lost = chance.beta(*world.TURNED_DOWN_AFTER, n) * world.LAST_DAY
    closed = np.where(chance.random(n) < LATE_CLOSING, chance.uniform(*LATE_CLOSING_DAYS, n), np.inf)
    other = np.where(chance.random(n) < world.IS_TURNED_DOWN, lost, closed)
    return _seconds(np.where(converts, won, other))


def _seconds(days: Floats) -> Ints:
    return np.where(np.isfinite(days), np.maximum(np.nan_to_num(days, posinf=0) * DAY, 1), NEVER).astype(np.int64)


def _places(n: int, chance: Generator) -> tuple[Column, Column]:
    shares = np.array([share for _, share, _ in world.CITIES.values()])
    city = np.array(list(world.CITIES), dtype=object)[chance.choice(len(shares), size=n, p=shares / shares.sum())]
    return city, np.array([world.CITIES[name][0] for name in city], dtype=object)


def _words(converts: Bools, words: Words, chance: Generator) -> Column:
    """A word a lead, by its fate's shares; None where it is not told."""
    bounds = np.array(list(words.shares.values())).cumsum(axis=0)[:-1]
    drawn = chance.random(len(converts))
    place = np.where(converts, *(np.searchsorted(bounds[:, fate], drawn, side="right") for fate in (0, 1)))
    return _or_none(chance.random(len(converts)) < words.told, np.array(list(words.shares), dtype=object)[place])


def _or_none(is_told: Bools, values: Column) -> Column:
    found = values.astype(object)
    found[~is_told] = None
    return found


def _sizes(converts: Bools, size: Size, level: Floats, chance: Generator) -> Floats:
    middle = np.where(converts, size.apart / 2, -size.apart / 2)
    return np.asarray(level * np.exp(chance.normal(middle, size.spread)))


def _answered(converts: Bools, chance: Generator) -> Ints:
    minutes = _sizes(converts, world.RESPONSE, np.full(len(converts), world.RESPONSE_LEVEL), chance)
    return np.maximum(minutes * MINUTE, 1).astype(np.int64)


def _stream(converts: Bools, stream: world.Stream, decided: Ints, chance: Generator) -> Happenings:
    counts = chance.poisson(np.where(converts, stream.converting, stream.other))
    lead = np.repeat(np.arange(len(converts)), counts)
    happenings = Happenings(lead, _seconds(chance.gamma(stream.shape, stream.scale_days, len(lead))))
    return happenings.where(happenings.at < decided[lead])


def _arrives(arrival: Arrival, decided: Ints, chance: Generator) -> Ints:
    """When it becomes known, whatever the lead's fate; NEVER where it is decided before."""
    n = len(decided)
    when, days = chance.random(n), chance.exponential(arrival.later_days, n)
    is_later = when < arrival.at_once + arrival.later
    at = np.select([when < arrival.at_once, is_later], [np.zeros(n, dtype=np.int64), _seconds(days)], NEVER)
    return np.where(at < decided, at, NEVER)


def _attributes(
    created: Ints, converts: Bools, region: Column, decided: Ints, chance: Generator
) -> dict[str, Attribute]:
    n = len(converts)
    at_once = np.zeros(n, dtype=np.int64)
    level = np.array([world.REGION_LEVEL[place] for place in region])
    budget = (_sizes(converts, world.BUDGET, level, chance) / 5000).round() * 5000
    rooms = chance.integers(1, 7, n)
    told = _arrives(world.BUDGET_KNOWN, decided, chance)
    return {
        "budget": Attribute(budget.astype(int).astype(object), told),
        "financing": Attribute(_words(converts, world.FINANCING, chance), at_once),
        "first_time_buyer": Attribute(_words(converts, world.FIRST_TIME_BUYER, chance), at_once),
        "wanted_from": Attribute(_wanted_from(created, converts, chance), at_once),
        "contact_preference": Attribute(_words(converts, world.CONTACT_PREFERENCE, chance), at_once),
        "rooms": Attribute(_or_none(chance.random(n) < 0.85, rooms), at_once),
    }


def _wanted_from(created: Ints, converts: Bools, chance: Generator) -> Column:
    converting, other = world.WANTED_DAYS
    days = chance.geometric(np.where(converts, 1 / converting, 1 / other))
    dates = (created // DAY + days).astype("datetime64[D]").astype(str)
    return _or_none(chance.random(len(converts)) < world.WANTED_TOLD, dates)


def _replies(created: Ints, answered: Ints, decided: Ints, inbound: Happenings, chance: Generator) -> Happenings:
    """What the agency writes beyond its first answer: replies, and reminders of its own, in office hours."""
    replied = inbound.where(chance.random(len(inbound.lead)) < 0.75)
    counts = chance.poisson(1.5, len(created))
    reminded = np.repeat(np.arange(len(created)), counts)
    lead = np.concatenate([replied.lead, reminded])
    lag = np.concatenate([chance.exponential(4 * 3600, len(replied.lead)), chance.exponential(12 * DAY, len(reminded))])
    since = np.concatenate([np.maximum(replied.at, answered[replied.lead]), answered[reminded]])
    at = _office_hours(created[lead], since + lag.astype(np.int64) + 1)
    order = np.argsort(lead, kind="stable")
    happenings = Happenings(lead[order], at[order])
    return happenings.where(happenings.at < decided[happenings.lead])


def _epilogue(converts: Bools, decided: Ints, chance: Generator) -> Happenings:
    lead = np.repeat(np.flatnonzero(converts), chance.poisson(4.0, int(converts.sum())))
    return Happenings(lead, decided[lead] + _seconds(chance.exponential(8.0, len(lead))))


def _office_hours(created: Ints, at: Ints) -> Ints:
    """Not before 7 and not after 18 hours UTC: what falls into the night is done the next morning."""
    hour = (created + at) % DAY
    early = np.where(hour < 7 * 3600, 7 * 3600 - hour, 0)
    late = np.where(hour >= 18 * 3600, DAY - hour + 7 * 3600, 0)
    return np.asarray(at + early + np.where(early + late > 0, (hour * 7) % 5400, 0) + late)
