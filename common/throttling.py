"""Limits a token: counted atomically in Valkey, so that they hold across processes."""

from __future__ import annotations

import functools
import math
import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.errors import Unavailable
from common.scopes import caller_of

log = structlog.get_logger(__name__)


@functools.cache
def limiter() -> FixedWindowRateLimiter:
    """The counter, one a process. Time-outs are short: a limit must not cost more than what it guards."""
    return FixedWindowRateLimiter(
        RedisStorage(storage_address(settings.REDIS_URL), socket_timeout=0.5, socket_connect_timeout=0.5)
    )


@functools.cache
def own_limiter() -> FixedWindowRateLimiter:
    """What counts in this process alone, while Valkey is away."""
    return FixedWindowRateLimiter(MemoryStorage())


@dataclass(frozen=True)
class Hit:
    """What counting has found: whether it is allowed, the limit, what is left, and the seconds until it is new."""

    allowed: bool
    limit: int
    remaining: int
    seconds: float


def hit(limit: str, *key: str, cost: int = 1) -> Hit:
    """Counts against a limit (`30/minute`), exactly across processes. Raises Unavailable (503) as configured."""
    item = _item(limit)
    try:
        return _counted(limiter(), item, key, cost)
    except RedisError as error:
        return _while_away(error, item, key, cost)


def _counted(counter: FixedWindowRateLimiter, item: RateLimitItem, key: tuple[str, ...], cost: int) -> Hit:
    allowed = counter.hit(item, *key, cost=cost)
    stats = counter.get_window_stats(item, *key)
    return Hit(allowed, item.amount, max(stats.remaining, 0), max(stats.reset_time - time.time(), 0.0))


def _while_away(error: RedisError, item: RateLimitItem, key: tuple[str, ...], cost: int) -> Hit:
    log.warning("rate_limit_store_away", error=type(error).__name__, policy=settings.RATE_LIMIT_WHEN_AWAY)
    if settings.RATE_LIMIT_WHEN_AWAY == "refuse":
        raise Unavailable() from error
    if settings.RATE_LIMIT_WHEN_AWAY == "allow":
        return Hit(True, item.amount, item.amount, 0.0)
    return _counted(own_limiter(), item, key, cost)


def storage_address(url: str) -> str:
    """The address of Valkey as `limits` writes it."""
    return f"redis+{url}" if url.startswith("unix://") else url


class TokenLimit(BaseThrottle):
    """One limit; subclasses say which setting holds it and what a request costs."""

    setting = ""

    def cost(self, request: Request, view: Any) -> int:
        """How much of the limit this request takes."""
        return 1

    def allow_request(self, request: Request, view: Any) -> bool:
        """Counts the request; False where the limit is reached."""
        if not request.user or not request.user.is_authenticated:
            return True
        caller = caller_of(request)
        found = hit(
            getattr(settings, self.setting), self.setting, caller.org_id, caller.name, cost=self.cost(request, view)
        )
        self.reset_after = found.seconds
        request.rate_limit = (found.limit, found.remaining, math.ceil(found.seconds))  # type: ignore[attr-defined]
        return found.allowed

    def wait(self) -> float:
        """Seconds until the window ends, for Retry-After."""
        return max(self.reset_after, 1.0)


@functools.lru_cache(maxsize=16)
def _item(text: str) -> RateLimitItem:
    return parse(text)


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
