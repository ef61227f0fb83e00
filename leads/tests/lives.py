"""Leads with lives that differ in all that a snapshot reads."""

from datetime import datetime
from random import Random

from leads.models import LeadChange
from leads.tests.cast import DAY, HOUR, MONDAY, a_lead, a_message, a_property, an_appointment, an_attribute, an_event


def some_lives(chance: Random) -> list[tuple[int, datetime]]:
    """Twelve leads, each at three moments: (key, moment)."""
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
