"""An A/A test on the organisation's own leads: how often the method finds a difference where there is none."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from experiments.statistics.rehearsal import Rehearsal, rehearse
from leads.bulk import fetch

MOST, LEAST, EXPERIMENTS, EVERY = 10_000, 400, 500, 100
WINDOW = timedelta(days=30)
SEED = 7
PAST = """
SELECT EXISTS (SELECT FROM lead_outcome o WHERE o.dossier_id = d.id AND o.superseded_at IS NULL AND o.converted
               AND o.occurred_at <= d.created_at + %s)
FROM (SELECT id, created_at FROM dossier WHERE org_id = %s AND created_at <= %s ORDER BY created_at DESC LIMIT %s) AS d
ORDER BY d.created_at
"""


def self_test(org_id: str, *, at: datetime) -> Rehearsal | None:
    """On the newest leads whose window is over, in the order they came; None where there are fewer than 400."""
    converted = np.array([sold for (sold,) in fetch(PAST, WINDOW, org_id, at - WINDOW, MOST)], dtype=np.bool_)
    if len(converted) < LEAST:
        return None
    return rehearse(converted, experiments=EXPERIMENTS, look_every=EVERY, seed=SEED)
