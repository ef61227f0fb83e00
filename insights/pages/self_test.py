"""Whether the method keeps its word on an organisation's own leads: how often it names a winner where there is none."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from experiments.self_test import LEAST, self_test
from experiments.statistics.deciding import ALPHA
from insights import words
from insights.experiment_tables import Row
from insights.experiment_words import BAD, GOOD, WAITING, share
from leads.models import Organisation


@dataclass(frozen=True)
class SelfTestPage:
    """One sentence, and the numbers behind it."""

    sentence: str
    tone: str
    because: str = ""
    rows: tuple[Row, ...] = ()


def self_test_page(org: Organisation) -> SelfTestPage:
    """Experiments without any effect, made of the newest leads whose window is over. One statement."""
    found = self_test(org.org_id, at=org.now())
    if found is None:
        said = _("It cannot be tried yet: fewer than %s leads have had their whole window.")
        return SelfTestPage(said % words.plain(LEAST), WAITING)
    said = _("Where nothing differs, it names a winner in %(found)s of experiments; %(most)s are allowed.")
    return SelfTestPage(
        sentence=said % {"found": share(found.always_valid), "most": words.percent(ALPHA)},
        tone=GOOD if found.always_valid <= ALPHA else BAD,
        because=_("Tried on your %(leads)s newest leads: %(times)s times put at random into two like arms.")
        % {"leads": words.plain(found.leads), "times": words.plain(found.experiments)},
        rows=(
            (_("As here, looked at all the time"), share(found.always_valid)),
            (_("An ordinary test, looked at all the time"), share(found.fixed)),
            (_("An ordinary test, looked at once"), share(found.last_look)),
            (_("False alarm that leads fell unevenly"), share(found.sample_ratio)),
        ),
    )
