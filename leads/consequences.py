"""What follows from a feature that is supposed to be other than it is. Pure: no Django."""

from __future__ import annotations

import numpy as np

from leads.features import Columns

INBOUND, OUTBOUND, ENGAGEMENT = "inbound_messages_count", "outbound_messages_count", "engagement_rate"
RECENT_INBOUND, QUIET_DAYS = "inbound_messages_last_7_days", "days_since_last_event"


def answered_more(columns: Columns, more: int) -> Columns:
    """The columns as they would be had each lead just written so many messages more, with what follows from that."""
    supposed = dict(columns)
    for name in (INBOUND, RECENT_INBOUND):
        if name in columns:
            supposed[name] = columns[name] + more
    if QUIET_DAYS in columns:
        supposed[QUIET_DAYS] = np.zeros_like(columns[QUIET_DAYS])
    if {INBOUND, OUTBOUND, ENGAGEMENT} <= set(columns):
        supposed[ENGAGEMENT] = supposed[INBOUND] / np.maximum(columns[OUTBOUND], 1.0)
    return supposed
