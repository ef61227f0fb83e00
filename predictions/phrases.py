"""What is stored of score jobs in words: why leads could not be scored. Pure: no Django.

Each phrase stands here as the module that makes it has it; a test holds both together.
"""

from __future__ import annotations

from common.language import gettext_noop
from common.phrasebook import Phrasebook

PHRASES = Phrasebook(
    (
        gettext_noop("Some leads could not be scored (%(errors)s); the log says more. What was scored is kept."),
        gettext_noop(
            "Some leads could not be scored (%(attempts)s attempts, each of which ended its worker or met a server "
            "away); the log says more. What was scored is kept."
        ),
        gettext_noop(
            "Some leads could not be scored (%(attempts)s attempts, each of which ended its worker or met a server "
            "away; %(errors)s); the log says more. What was scored is kept."
        ),
    ),
    words=("errors",),
    in_turn=False,
)
