"""Statuses that a CRM has written into its own table without telling us (ADR 1).

A dossier's `noted_status` is the last one of its history. Where `status` differs, the CRM has written it; such rows
stand in a partial index of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from common.one_by_one import for_each
from leads import bulk
from leads.differences import PROMPT
from leads.models import Organisation
from leads.outcomes import StatusStep, follow_statuses, told_at

AT_ONCE = 4_000
# Their condition is the index's.
ORGANISATIONS = "SELECT DISTINCT org_id FROM dossier WHERE noted_status IS NULL OR noted_status <> status"
SOME = """
SELECT id FROM dossier WHERE org_id = %s AND (noted_status IS NULL OR noted_status <> status) ORDER BY id LIMIT %s
"""
# The last step is the one written last: events tell of steps that were before others.
LOCK = """
SELECT dossier.id, dossier.status, dossier.noted_status, dossier.told_status, dossier.created_at,
       last.to_status, last.changed_at, last.is_exact
FROM dossier LEFT JOIN LATERAL (
    SELECT to_status, changed_at, is_exact FROM lead_status_change
    WHERE dossier_id = dossier.id ORDER BY id DESC LIMIT 1) AS last ON true
WHERE dossier.id = ANY(%s) AND (noted_status IS NULL OR noted_status <> status)
ORDER BY dossier.number FOR NO KEY UPDATE OF dossier
"""


class Untold(NamedTuple):
    """A lead, the status that it was last seen with, if it was, and the last step of its history, if it has one.

    `told` is what the lead itself was told with last, where events have set another status since.
    """

    dossier_id: int
    status: str
    noted: str | None
    told: str | None
    created_at: datetime
    last: str | None
    changed_at: datetime
    is_exact: bool

    def step(self, at: datetime) -> StatusStep:
        """The step that nobody told, as seen at `at`.

        A status that was another at the last look has changed now. Of one never seen before nobody knows since when it
        holds, unless the lead came within the day.
        """
        if self.last == self.status:  # told to a release that did not note it
            return StatusStep(
                self.dossier_id, self.status, self.status, self.changed_at, is_exact=self.is_exact, told=self.told
            )
        is_exact = self.noted is not None or (self.last is None and at - self.created_at <= PROMPT)
        return StatusStep(self.dossier_id, self.last or "", self.status, max(at, self.created_at), is_exact=is_exact)


def follow_all(*, at: datetime) -> int:
    """Follows every organisation's; how many leads there were.

    Raises SomeFailed at the end where some could not be followed; a server that is away ends it at once.
    """
    organisations = [org_id for (org_id,) in bulk.fetch(ORGANISATIONS)]
    return sum(for_each(organisations, lambda org_id: follow(org_id=org_id, at=at), failure="statuses_not_followed"))


def follow(*, org_id: str, at: datetime, most: float = math.inf) -> int:
    """Notes the organisation's statuses that nobody told, as seen at `at`, some thousand at a time; how many.

    With `most` it ends once so many are noted, for somebody who waits.
    """
    followed = 0
    while followed < most and (keys := [key for (key,) in bulk.fetch(SOME, org_id, AT_ONCE)]):
        note(Organisation.get(org_id), keys, at=at)
        followed += len(keys)
    return followed


@transaction.atomic
def note(organisation: Organisation, dossiers: Sequence[int], *, at: datetime) -> None:
    """Makes the steps of these leads that nobody told, and settles their outcomes."""
    at = told_at(organisation, at)
    steps = [Untold(*row).step(at) for row in bulk.fetch(LOCK, list(dossiers))]
    follow_statuses(organisation=organisation, steps=steps, by="")
