"""What the schedules do for every organisation: one that fails keeps none of the others waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

from common.answers import DEPENDENCY_ERRORS

Made = TypeVar("Made")
log = structlog.get_logger(__name__)


class SomeFailed(RuntimeError):
    """For these organisations it could not be done, which the log says why; for the others it was."""


def for_each(organisations: Iterable[str], act: Callable[[str], Made], *, failure: str) -> list[Made]:
    """Does it for one after another, and what it gave for each; an error is logged as the event `failure`.

    Raises SomeFailed at the end where there were any; a server that is away ends it at once.
    """
    made, failed = [], []
    for org_id in organisations:
        try:
            made.append(act(org_id))
        except DEPENDENCY_ERRORS:
            raise
        except Exception:
            log.exception(failure, org_id=org_id)
            failed.append(org_id)
    if failed:
        raise SomeFailed(failed)
    return made
