"""Many leads are read as one lead is: the two ways agree on every feature, to the last bit."""

from datetime import datetime
from random import Random

import numpy as np
import pytest

from leads import snapshots
from leads.catalogue import columns_of, discover
from leads.models import LeadChange, Organisation
from leads.tests.cast import DAY, HOUR, MONDAY, a_lead, a_message, a_property, an_appointment, an_attribute, an_event

pytestmark = pytest.mark.django_db


def some_lives(chance: Random) -> list[tuple[int, datetime]]:
    pairs = []
    for _ in range(12):
        word = chance.choice(["web", "élan", "", None])
        lead = a_lead(
            MONDAY + chance.randrange(200) * HOUR, source=word, region=word, amount=chance.choice([None, 0.1])
        )
        if chance.random() < 0.7:
            a_property(lead, MONDAY + chance.randrange(300) * HOUR, city=chance.choice(["Lyon", "", None]))
        for _ in range(chance.randrange(6)):
            at = MONDAY + chance.randrange(300) * HOUR
            a_message(lead, at, chance.choice(["INBOUND", "OUTBOUND"]), at + chance.randrange(3) * DAY)
            an_appointment(lead, at)
            an_event(lead, at, kind=chance.choice(["view", "call"]), is_outcome_echo=chance.random() < 0.2)
        an_attribute(lead, "budget", chance.choice([5, "five", None, True]), MONDAY + chance.randrange(300) * HOUR)
        LeadChange.objects.create(
            dossier=lead, field="property.city", old_value="Bourg", changed_at=MONDAY + chance.randrange(300) * HOUR
        )
        pairs += [(lead.pk, MONDAY + chance.randrange(1, 400) * HOUR) for _ in range(3)]
    chance.shuffle(pairs)
    return pairs


@pytest.mark.parametrize("seed", range(3))
def test_many_are_read_as_each_would_be(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = some_lives(Random(seed))
    dossiers, moments = zip(*pairs, strict=True)
    alone = snapshots.take(Organisation(), dossiers, moments)
    monkeypatch.setattr(snapshots, "MANY", 1)
    together = snapshots.take(Organisation(), dossiers, moments)
    features = discover(alone)
    assert discover(together) == features
    mine, theirs = columns_of(together, features), columns_of(alone, features)
    for feature in features:
        np.testing.assert_array_equal(mine[feature.name], theirs[feature.name], err_msg=feature.name)


def test_a_lead_of_another_organisation_is_refused_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MANY", 1)
    theirs = a_lead(org_id="other")
    with pytest.raises(KeyError):
        snapshots.take(Organisation(), [theirs.pk], [MONDAY])
