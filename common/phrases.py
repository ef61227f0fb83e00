"""What is stored of any job in words, where it failed by no fault of its own. Pure: no Django."""

from __future__ import annotations

from common.language import gettext_noop
from common.phrasebook import Phrasebook

PHRASES = Phrasebook(
    (
        gettext_noop("The worker stopped answering; start it again."),
        gettext_noop("The message broker was away, so no worker heard of it; ask again."),
    )
)
