"""What is stored of any job in words, where it failed by no fault of its own. Pure: no Django."""

from __future__ import annotations

from common.phrasebook import Phrasebook
from common.tongue import gettext_noop

PHRASES = Phrasebook(
    (
        gettext_noop("The worker stopped answering; start it again."),
        gettext_noop("The message broker was away, so no worker heard of it; ask again."),
    )
)
