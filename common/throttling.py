"""Limits a token: counted atomically in Valkey, so that they hold across processes; all of a request's at once."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from django.conf import settings
from redis.commands.core import Script
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.errors import Unavailable
from common.scopes import caller_of

log = structlog.get_logger(__name__)

# A limit's window begins with its first request: the key lives as long as the window.
COUNT = """
local counted = {}
for i, key in ipairs(KEYS) do
    counted[2 * i - 1] = redis.call('INCRBY', key, ARGV[2 * i - 1])
    local left = redis.call('PTTL', key)
    if left < 0 then
        left = ARGV[2 * i] * 1000
        redis.call('PEXPIRE', key, left)
    end
    counted[2 * i] = left
end
return counted
"""


MOST_OWN_WINDOWS = 10_000
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


@functools.cache
def counter() -> Script:
    """The counting script, one a process. Time-outs are short: a limit must not cost more than what it guards."""
    store = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
    return store.register_script(COUNT)


@functools.lru_cache(maxsize=16)
def rate(text: str) -> tuple[int, int]:
    """How many in how many seconds: "6000/minute". Raises ValueError or KeyError where it is written otherwise."""
    amount, period = text.split("/")
    return int(amount), SECONDS[period.strip()]


@dataclass(frozen=True)
class Standing:
    """Where a caller stands against one limit, this request counted."""

    amount: int
    used: int
    seconds_left: float

    @property
    def remaining(self) -> int:
        """What is left of it in this window."""
        return max(self.amount - self.used, 0)

    @property
    def is_beyond(self) -> bool:
        """Whether this request is too many."""
        return self.used > self.amount


@dataclass(frozen=True)
class Count:
    """What is counted: against which rate, under which name, and how much."""

    rate: str
    name: str
    cost: int = 1


class OwnCounts:
    """What the script does, in this process alone: while Valkey is away."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def __call__(self, keys: Sequence[str], numbers: Sequence[int]) -> list[int]:
        """Used and milliseconds left, key by key."""
        now = time.monotonic()
        with self._lock:
            if len(self._windows) > MOST_OWN_WINDOWS:
                self._windows = {key: each for key, each in self._windows.items() if each[1] > now}
            counted = []
            for key, cost, seconds in zip(keys, numbers[::2], numbers[1::2], strict=True):
                used, ends = self._windows.get(key, (0, 0.0))
                used, ends = (used + cost, ends) if ends > now else (cost, now + seconds)
                self._windows[key] = used, ends
                counted += [used, math.ceil((ends - now) * 1000)]
            return counted


own_counts = OwnCounts()


def stand(counts: Iterable[Count]) -> list[Standing]:
    """Counts, exactly across processes and in one round trip.

    While Valkey is away RATE_LIMIT_WHEN_AWAY decides: it counts in this process alone, or nothing (an empty list), or
    raises Unavailable (503).
    """
    counts = list(counts)
    rates = [rate(each.rate) for each in counts]
    keys = [f"limit/{each.name}" for each in counts]
    numbers = [number for each, (_, seconds) in zip(counts, rates, strict=True) for number in (each.cost, seconds)]
    try:
        counted = counter()(keys, numbers)
    except RedisError as error:
        log.warning("rate_limit_store_away", error=type(error).__name__, policy=settings.RATE_LIMIT_WHEN_AWAY)
        if settings.RATE_LIMIT_WHEN_AWAY == "refuse":
            raise Unavailable() from error
        if settings.RATE_LIMIT_WHEN_AWAY == "allow":
            return []
        counted = own_counts(keys, numbers)
    found = zip(rates, counted[::2], counted[1::2], strict=True)
    return [Standing(amount, used, left / 1000) for (amount, _), used, left in found]


class TokenLimit(BaseThrottle):
    """One limit; subclasses say which setting holds it and what a request costs."""

    setting = ""

    def cost(self, request: Request, view: Any) -> int:
        """How much of the limit this request takes."""
        return 1

    def allow_request(self, request: Request, view: Any) -> bool:
        """Counts the request against this limit alone; doors of ours count all of theirs at once."""
        return seconds_to_wait([self], request, view) is None


def seconds_to_wait(limits: Sequence[TokenLimit], request: Request, view: Any) -> float | None:
    """Counts a request against all limits in one round trip: None, or when to come back where it is too many.

    Tells the request where it stands with the last of them. Raises Unavailable where the counts are away and the
    settings say to refuse.
    """
    if not limits or not request.user or not request.user.is_authenticated:
        return None
    standings = _count(limits, request, view)
    if standings:
        last = standings[-1]
        request.rate_limit = (last.amount, last.remaining, math.ceil(last.seconds_left))  # type: ignore[attr-defined]
    return max((max(each.seconds_left, 1.0) for each in standings if each.is_beyond), default=None)


def _count(limits: Sequence[TokenLimit], request: Request, view: Any) -> list[Standing]:
    caller = caller_of(request)
    return stand(
        Count(getattr(settings, limit.setting), f"{limit.setting}/{caller.org_id}/{caller.name}", cost)
        for limit in limits
        for cost in [limit.cost(request, view)]
    )


class RequestLimit(TokenLimit):
    """Requests of any kind."""

    setting = "RATE_LIMIT_REQUESTS"


class PredictionLimit(TokenLimit):
    """Single predictions."""

    setting = "RATE_LIMIT_PREDICTIONS"


class BatchItemLimit(TokenLimit):
    """Items of batch predictions."""

    setting = "RATE_LIMIT_BATCH_ITEMS"

    def cost(self, request: Request, view: Any) -> int:
        """As many as the batch holds."""
        batch = request.data.get("batch") if isinstance(request.data, dict) else None
        return max(len(batch), 1) if isinstance(batch, list) else 1
