"""Why a step of an experiment is refused, in words. Pure: no Django.

The phrase stands here as the module that makes it has it; a test holds both together.
"""

from __future__ import annotations

from common.language import gettext_noop
from common.phrasebook import Phrasebook

PHRASES = Phrasebook(
    (gettext_noop("“%(name)s” (experiment %(key)s) runs on leads that this one would take."),),
    words=("name", "key"),
    in_turn=False,
)
