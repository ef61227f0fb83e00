"""Limits a token: counted atomically in Valkey, so that they hold across processes."""

from __future__ import annotations

import functools
import math
import time
from typing import Any

import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
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
        item = _item(getattr(settings, self.setting))
        key = (self.setting, caller.org_id, caller.name)
        try:
            allowed = limiter().hit(item, *key, cost=self.cost(request, view))
            stats = limiter().get_window_stats(item, *key)
        except RedisError as error:
            return _when_away(error)
        self.reset_after = max(stats.reset_time - time.time(), 0.0)
        request.rate_limit = (item.amount, max(stats.remaining, 0), math.ceil(self.reset_after))  # type: ignore[attr-defined]
        return allowed

    def wait(self) -> float:
        """Seconds until the window ends, for Retry-After."""
        return max(self.reset_after, 1.0)


@functools.lru_cache(maxsize=16)
def _item(text: str) -> RateLimitItem:
    return parse(text)


def _when_away(error: RedisError) -> bool:
    log.warning("rate_limit_store_away", error=type(error).__name__, policy=settings.RATE_LIMIT_WHEN_AWAY)
    if settings.RATE_LIMIT_WHEN_AWAY == "refuse":
        raise Unavailable() from error
    return True


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
