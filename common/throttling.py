"""Limits a caller: counted atomically in Valkey, so that they hold across processes; all of a request's at once."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import redis
import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.errors import TooLarge, Unavailable
from common.scopes import caller_of

log = structlog.get_logger(__name__)

# A limit's window begins with its first request: the key lives as long as the window. What is too much for one limit
# is given back to all: a request that is refused uses nothing up.
COUNT = """
local counted, refused = {}, false
for i, key in ipairs(KEYS) do
    local used = redis.call('INCRBY', key, ARGV[3 * i - 2])
    local left = redis.call('PTTL', key)
    if left < 0 then
        left = ARGV[3 * i - 1] * 1000
        redis.call('PEXPIRE', key, left)
    end
    counted[2 * i - 1], counted[2 * i] = used, left
    refused = refused or used > tonumber(ARGV[3 * i])
end
if refused then
    for i, key in ipairs(KEYS) do redis.call('DECRBY', key, ARGV[3 * i - 2]) end
end
return counted
"""


class _OfThread(threading.local):
    """What a thread counts with: half of what a client of redis-py does at each call is to share its connections."""

    counter: tuple[str, Script] | None = None


_of_thread = _OfThread()


def counter() -> Script:
    """The counting script. Time-outs are short: a limit must not cost more than what it guards. Raises RedisError."""
    if _of_thread.counter is None or _of_thread.counter[0] != settings.REDIS_URL:
        once_more = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))  # where it was ended meanwhile
        store = redis.Redis.from_url(
            settings.REDIS_URL,
            single_connection_client=True,
            retry=once_more,
            socket_timeout=0.5,
            socket_connect_timeout=0.5,
        )
        _of_thread.counter = settings.REDIS_URL, store.register_script(COUNT)
    return _of_thread.counter[1]


@functools.cache
def own_counter() -> MemoryStorage:
    """What counts in this process alone, while Valkey is away."""
    return MemoryStorage()


@dataclass(frozen=True)
class Use:
    """What is counted: how much of which limit ("6000/minute"), for whom."""

    limit: str
    key: tuple[str, ...]
    cost: int = 1

    @property
    def item(self) -> RateLimitItem:
        """The limit, read. Raises ValueError where it is written otherwise."""
        return _item(self.limit)

    @property
    def name(self) -> str:
        """The key it is counted under."""
        return "/".join(("limit", *self.key))


@dataclass(frozen=True)
class Standing:
    """Where a caller stands against one limit: `used` with what was asked, which is given back where any refuses it."""

    amount: int
    used: int
    seconds_left: float
    cost: int = 1

    @property
    def is_beyond(self) -> bool:
        """Whether this is too many."""
        return self.used > self.amount

    def remaining(self, *, refused: bool) -> int:
        """What is left of it in this window."""
        return max(self.amount - self.used + (self.cost if refused else 0), 0)

    @property
    def share_left(self) -> float:
        """How much of it is left, from 0 to 1; negative where this is too many."""
        return 1 - self.used / max(self.amount, 1)


def count(uses: Sequence[Use]) -> list[Standing]:
    """Counts against limits in one round trip, exactly across processes.

    While the store is away it does as RATE_LIMIT_WHEN_AWAY says; raises Unavailable (503) where that is to refuse.
    """
    numbers = [number for use in uses for number in (use.cost, use.item.get_expiry(), use.item.amount)]
    try:
        counted = counter()([use.name for use in uses], numbers)
    except RedisError as error:
        return _while_away(error, uses)
    found = zip(uses, counted[::2], counted[1::2], strict=True)
    return [Standing(use.item.amount, used, left / 1000, use.cost) for use, used, left in found]


def seconds_to_wait(standings: Sequence[Standing]) -> float | None:
    """None, or when to come back where one of them is beyond its limit."""
    return max((max(each.seconds_left, 1.0) for each in standings if each.is_beyond), default=None)


def _while_away(error: RedisError, uses: Sequence[Use]) -> list[Standing]:
    log.warning("rate_limit_store_away", error=type(error).__name__, policy=settings.RATE_LIMIT_WHEN_AWAY)
    if settings.RATE_LIMIT_WHEN_AWAY == "refuse":
        raise Unavailable() from error
    if settings.RATE_LIMIT_WHEN_AWAY == "allow":
        return [Standing(use.item.amount, 0, 0.0) for use in uses]
    return _counted_here(uses)


def _counted_here(uses: Sequence[Use]) -> list[Standing]:
    store, standings = own_counter(), []
    for use in uses:
        used = store.incr(use.name, use.item.get_expiry(), amount=use.cost)
        left = max(store.get_expiry(use.name) - time.time(), 0.0)
        standings.append(Standing(use.item.amount, used, left, use.cost))
    if any(each.is_beyond for each in standings):
        for use in uses:
            store.decr(use.name, amount=use.cost)
    return standings


@functools.lru_cache(maxsize=16)
def _item(text: str) -> RateLimitItem:
    return parse(text)


class TokenLimit(BaseThrottle):
    """One limit of a token; subclasses say which setting holds it and what a request costs."""

    setting = ""

    def cost(self, request: Request, view: Any) -> int:
        """How much of the limit this request takes."""
        return 1

    def use(self, request: Request, view: Any) -> Use:
        """What this request takes of it."""
        caller = caller_of(request)
        # By number: a revoked token must use up nothing of the one that replaced it under the same name.
        key = (self.setting, caller.org_id, caller.token or caller.name)
        return Use(getattr(settings, self.setting), key, self.cost(request, view))

    def allow_request(self, request: Request, view: Any) -> bool:
        """Counts the request against this limit alone; doors of ours count all of theirs at once."""
        return wait_of([self], request, view) is None


def wait_of(limits: Sequence[TokenLimit], request: Request, view: Any) -> float | None:
    """Counts a request against all limits at once: None, or the seconds to wait where it is too many.

    Tells the request where it stands with the one of which the least is left, or which refuses it.
    """
    if not limits or not request.user or not request.user.is_authenticated:
        return None
    standings = count([limit.use(request, view) for limit in limits])
    wait = seconds_to_wait(standings)
    told = min(standings, key=attrgetter("share_left"))
    left = told.remaining(refused=wait is not None)
    request.rate_limit = (told.amount, left, math.ceil(told.seconds_left))  # type: ignore[attr-defined]
    return wait


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

    def use(self, request: Request, view: Any) -> Use:
        """What the batch takes of it. Raises TooLarge (413) where no window has room for it: waiting would not help."""
        use = super().use(request, view)
        if use.cost > use.item.amount:
            raise TooLarge(f"A batch may hold at most {use.item.amount:,} items: so many are taken in a whole window.")
        return use
