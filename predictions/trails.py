"""The last scores of many leads: what a sparkline and an arrow are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

MOST_SCORES = 12
"""So many of the newest scores of a lead are drawn."""
WEEK = timedelta(days=7)
STEADY = 0.03
"""A score that has moved by less in a week counts as steady."""

# One descent a lead in the index (dossier, predicted_at desc), and none in months that are older than `since`.
LAST_SCORES = """
SELECT listed.dossier_id, said.predicted_at, said.conversion_probability
FROM unnest(%(dossiers)s::bigint[]) AS listed (dossier_id)
CROSS JOIN LATERAL (
    SELECT predicted_at, conversion_probability FROM ml_prediction
    WHERE dossier_id = listed.dossier_id AND predicted_at >= %(since)s
    ORDER BY predicted_at DESC LIMIT %(most)s) AS said
ORDER BY listed.dossier_id, said.predicted_at
"""


@dataclass(frozen=True)
class Trail:
    """Scores of one lead, oldest first: (moment, probability)."""

    points: tuple[tuple[datetime, float], ...]

    @property
    def probabilities(self) -> list[float]:
        """Without their moments."""
        return [probability for _, probability in self.points]

    @property
    def before(self) -> tuple[datetime, float] | None:
        """What the newest is compared with: the last score of a week before it, or the first where none is so old."""
        if len(self.points) < 2:
            return None
        week_ago = self.points[-1][0] - WEEK
        return next((point for point in reversed(self.points[:-1]) if point[0] <= week_ago), self.points[0])

    @property
    def change(self) -> float | None:
        """By how much the newest differs from what it is compared with; None where there is only one."""
        return None if self.before is None else self.points[-1][1] - self.before[1]

    @property
    def direction(self) -> str:
        """ "up", "down" or "steady"; empty where there is only one score."""
        if self.change is None:
            return ""
        return "steady" if abs(self.change) < STEADY else "up" if self.change > 0 else "down"


def trails_of(dossiers: Sequence[int], *, since: datetime) -> dict[int, Trail]:
    """The newest scores of each lead since a moment. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_SCORES, {"dossiers": list(dossiers), "since": since, "most": MOST_SCORES})
        return _by_lead(cursor.fetchall())


def _by_lead(rows: Iterable[tuple[int, datetime, float]]) -> dict[int, Trail]:
    found: dict[int, list[tuple[datetime, float]]] = {}
    for dossier, moment, probability in rows:
        found.setdefault(dossier, []).append((moment, probability))
    return {dossier: Trail(tuple(points)) for dossier, points in found.items()}
