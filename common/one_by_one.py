"""What schedules do for every organisation, one after the other: one that fails does not keep the others waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

from common.answers import DEPENDENCY_ERRORS

Made = TypeVar("Made")
ITS_OWN = ("40", "55", "57014")
"""How PostgreSQL's codes begin that are about one statement: deadlock, lock not had in time, statement timeout."""
log = structlog.get_logger(__name__)


class SomeFailed(RuntimeError):
    """It could not be done for these organisations (the log says why); for the others it was."""


def for_each(organisations: Iterable[str], act: Callable[[str], Made], *, failure: str) -> list[Made]:
    """Does it for one after another, and what it gave for each; an error is logged as the event `failure`.

    Raises SomeFailed at the end where there were any; a server that is away ends it at once.
    """
    made, failed = [], []
    for org_id in organisations:
        try:
            made.append(act(org_id))
        except Exception as error:
            if isinstance(error, DEPENDENCY_ERRORS) and not _is_its_own(error):
                raise
            log.exception(failure, org_id=org_id)
            failed.append(org_id)
    if failed:
        raise SomeFailed(failed)
    return made


def _is_its_own(error: Exception) -> bool:
    """Whether the database answers, and only this statement had to give way: the next organisation's may not."""
    return (getattr(error.__cause__, "pgcode", None) or "").startswith(ITS_OWN)
