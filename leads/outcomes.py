"""What became of a lead: outcomes that are recorded, and those that follow from its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from common import audit
from leads import bulk
from leads.models import Dossier, Organisation, Origin, Outcome

WORDS = {"won_statuses", "lost_statuses"}
"""The fields of an organisation by which statuses become outcomes."""
ADD_STATUS_CHANGES = """
INSERT INTO lead_status_change (org_id, dossier_id, from_status, to_status, changed_at, is_exact)
SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::boolean[])
"""
# Updated is also a lead whose status the CRM itself has written since the last look, and none that was never looked at.
SET_STATUS = """
UPDATE dossier SET status = step.status, noted_status = step.status, told_status = step.told,
       updated_at = CASE WHEN dossier.status = step.status AND coalesce(dossier.noted_status, step.status) = step.status
                    THEN dossier.updated_at ELSE clock_timestamp() END
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS step (id, status, told)
WHERE dossier.id = step.id AND (dossier.status, dossier.noted_status, dossier.told_status)
      IS DISTINCT FROM (step.status, step.status, step.told)
"""
CURRENT_OUTCOMES = """
SELECT dossier_id, id, converted, occurred_at, recorded_at, revenue, origin, is_exact
FROM lead_outcome WHERE dossier_id = ANY(%s) AND superseded_at IS NULL
"""
SUPERSEDE = """
UPDATE lead_outcome SET superseded_at = past.at
FROM unnest(%s::bigint[], %s::timestamptz[]) AS past (id, at) WHERE lead_outcome.id = past.id
"""
ADD_OUTCOMES = """
INSERT INTO lead_outcome (
    org_id, recorded_by, origin, dossier_id, converted, occurred_at, recorded_at, revenue, is_exact)
SELECT %s, %s, 'STATUS', * FROM unnest(
    %s::bigint[], %s::boolean[], %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s::boolean[])
"""
# An outcome that the words never meant is closed at the moment it was recorded: no moment of the past sees it any more.
SUPERSEDE_WRONG = """
UPDATE lead_outcome SET superseded_at = lead_outcome.recorded_at FROM dossier
WHERE dossier.id = lead_outcome.dossier_id AND dossier.org_id = %s AND lead_outcome.superseded_at IS NULL
  AND lead_outcome.origin = 'STATUS'
  AND dossier.status <> ALL(CASE WHEN lead_outcome.converted THEN %s::text[] ELSE %s::text[] END)
"""
ADD_MISSING = """
INSERT INTO lead_outcome (org_id, dossier_id, converted, occurred_at, recorded_at, origin, is_exact, recorded_by)
SELECT dossier.org_id, dossier.id, dossier.status = ANY(%s::text[]), step.changed_at, step.changed_at, 'STATUS',
       step.is_exact, %s
FROM dossier CROSS JOIN LATERAL (
    SELECT changed_at, is_exact FROM lead_status_change
    WHERE dossier_id = dossier.id AND to_status = dossier.status ORDER BY changed_at DESC, id DESC LIMIT 1) AS step
WHERE dossier.org_id = %s AND dossier.status = ANY(%s::text[])
  AND NOT EXISTS (SELECT FROM lead_outcome WHERE dossier_id = dossier.id AND superseded_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class StatusStep:
    """A status that a lead took at `moment`, or at some time before it where not `is_exact`.

    `is_retold` marks a status that the lead had already, and whose time or revenue is sent again, perhaps corrected.
    `told` is the status that was last sent with the lead itself, where an event has set another since. `recorded_at` is
    when the step became known, where that was later than its moment.
    """

    dossier_id: int
    before: str
    after: str
    moment: datetime
    is_exact: bool = True
    revenue: Decimal | None = None
    is_retold: bool = False
    told: str | None = None
    recorded_at: datetime | None = None

    @property
    def known_from(self) -> datetime:
        """Since when what follows from the step has been known."""
        return max(self.moment, self.recorded_at or self.moment)


@dataclass(frozen=True, slots=True)
class CurrentOutcome:
    """The current outcome of a lead."""

    id: int
    converted: bool
    occurred_at: datetime
    recorded_at: datetime
    revenue: Decimal | None
    origin: str
    is_exact: bool

    def stands_against(self, verdict: bool | None, step: StatusStep) -> bool:
        """Whether a status leaves this outcome as it is: recorded ones always, others where it says nothing new."""
        if self.origin == Origin.RECORDED:
            return True
        if self.converted != verdict:
            return False
        is_better = step.is_exact and not self.is_exact
        is_corrected = step.is_retold and (step.moment != self.occurred_at or step.revenue != self.revenue)
        return not is_better and not is_corrected


def told_at(organisation: Organisation, at: datetime) -> datetime:
    """When something sent at `at` becomes known: for historical records, at their end at the latest."""
    return min(at, organisation.now()) if organisation.observed_until else at


@transaction.atomic
def record_outcome(
    *,
    org_id: str,
    dossier: Dossier,
    converted: bool,
    occurred_at: datetime | None,
    revenue: Decimal | float | None,
    by: str,
    at: datetime,
    is_exact: bool = True,
) -> Outcome:
    """The lead's outcome as it is recorded at `at`: what stood before is superseded and kept.

    The same values again change nothing. `occurred_at` None leaves the time of the same outcome as it was told, so that
    a CRM that tells it every night does not move it; of a new one it is `at`. `revenue` is in the organisation's
    currency, to the cent; `is_exact` is false where it was decided by `occurred_at`, nobody knows when. The dossier's
    row is locked, so that of two at once each sees the other's. Raises Dossier.DoesNotExist where the lead was
    forgotten since the caller read it.
    """
    Dossier.objects.select_for_update(no_key=True).get(pk=dossier.pk, org_id=org_id)
    amount = None if revenue is None else Decimal(str(revenue)).quantize(Decimal("0.01"))
    current = Outcome.objects.current().filter(dossier=dossier).first()
    if occurred_at is None:
        same = current if current and current.converted == converted else None
        occurred_at, is_exact = (same.occurred_at, same.is_exact) if same else (at, True)
    told = (Origin.RECORDED, converted, occurred_at, is_exact, amount)
    if current and (
        (current.origin, current.converted, current.occurred_at, current.is_exact, current.revenue) == told
    ):
        return current
    organisation = Organisation.get(org_id)
    organisation.observe(occurred_at)
    at = told_at(organisation, at)
    if current:
        current.superseded_at = at
        current.save(update_fields=["superseded_at"])
    return Outcome.objects.create(
        org_id=org_id,
        dossier=dossier,
        converted=converted,
        occurred_at=occurred_at,
        is_exact=is_exact,
        revenue=amount,
        recorded_at=at,
        recorded_by=by,
    )


def follow_statuses(*, organisation: Organisation, steps: Sequence[StatusStep], by: str) -> None:
    """Writes the steps, sets each dossier's status to its last one, and settles the outcomes that follow from them.

    The caller holds the dossiers' row locks, and gives the steps of a dossier in the order of time.
    """
    changes = [step for step in steps if step.before != step.after]
    bulk.execute(
        ADD_STATUS_CHANGES,
        [(step.dossier_id, step.before, step.after, step.moment, step.is_exact) for step in changes],
        organisation.org_id,
    )
    last = {step.dossier_id: step for step in steps}
    bulk.execute(SET_STATUS, [(step.dossier_id, step.after, step.told) for step in last.values()])
    _settle(organisation, last, by)


def _settle(organisation: Organisation, last: Mapping[int, StatusStep], by: str) -> None:
    if not last:
        return
    standing = {row[0]: CurrentOutcome(*row[1:]) for row in bulk.fetch(CURRENT_OUTCOMES, list(last))}
    verdicts = {status: organisation.verdict_of(status) for status in {step.after for step in last.values()}}
    past: list[tuple[int, datetime]] = []
    new: list[tuple[Any, ...]] = []
    for dossier_id, step in last.items():
        verdict, current = verdicts[step.after], standing.get(dossier_id)
        if current and current.stands_against(verdict, step):
            continue
        if step.is_retold and step.told is not None and organisation.verdict_of(step.told) != verdict:
            continue  # told again of a status that events have left since
        if current:
            # What is told again was wrong from the start; what a later step ends was right until then.
            end = current.recorded_at if step.is_retold else max(step.known_from, current.recorded_at)
            past.append((current.id, end))
        if verdict is not None:
            new.append((dossier_id, verdict, step.moment, step.known_from, step.revenue, step.is_exact))
    bulk.execute(SUPERSEDE, past)
    bulk.execute(ADD_OUTCOMES, new, organisation.org_id, by)


@transaction.atomic
def rederive(org_id: str, *, by: str = "") -> int:
    """Settles all status outcomes anew after the organisation has changed its won and lost words; how many changed."""
    organisation = Organisation.get(org_id)
    statuses = list(Dossier.objects.of(org_id).order_by().values_list("status", flat=True).distinct())
    won = [status for status in statuses if organisation.verdict_of(status) is True]
    lost = [status for status in statuses if organisation.verdict_of(status) is False]
    with connection.cursor() as cursor:
        cursor.execute(SUPERSEDE_WRONG, [org_id, won, lost])
        changed = cursor.rowcount
        cursor.execute(ADD_MISSING, [won, by, org_id, won + lost])
        return int(changed + cursor.rowcount)


@transaction.atomic
def settle_change(*, org_id: str, changed: Sequence[str], by: str, on_record: bool = True) -> None:
    """What follows where these fields of the organisation have changed: outcomes by its words now, and an audit row.

    `on_record=False` leaves no row, for who takes all of it back: others would wait for it.
    """
    settled = rederive(org_id, by=by) if WORDS & set(changed) else 0
    if on_record:
        audit.record(
            org_id=org_id,
            act="organisation.change",
            by=by,
            at=timezone.now(),
            subject=org_id,
            evidence={"changed": list(changed), "outcomes_settled": settled},
        )
