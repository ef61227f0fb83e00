"""Many leads are read as one lead is: the two ways agree on every feature, to the last bit."""

from random import Random
from typing import Any

import numpy as np
import pytest

from leads import seen_in_bulk, snapshots
from leads.catalogue import columns_of, discover
from leads.models import Dossier, Organisation
from leads.seen import LeadGone
from leads.tests.cast import MONDAY, a_lead
from leads.tests.lives import some_lives

pytestmark = pytest.mark.django_db


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


def test_a_word_that_a_lead_loses_while_it_is_read_is_said_and_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MANY", 1)
    lead, copied = a_lead(source="a fair of last year"), seen_in_bulk.copied_out

    def then_it_changes(*arguments: Any) -> Any:
        rows = copied(*arguments)
        Dossier.objects.filter(pk=lead.pk).update(source="a portal")
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(seen_in_bulk, "copied_out", then_it_changes)
        with pytest.raises(LeadGone):
            snapshots.take(Organisation(), [lead.pk], [MONDAY])
    assert snapshots.take(Organisation(), [lead.pk], [MONDAY]).source.tolist() == [lead.source]


def test_a_lead_of_another_organisation_is_refused_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MANY", 1)
    theirs = a_lead(org_id="other")
    with pytest.raises(LeadGone):
        snapshots.take(Organisation(), [theirs.pk], [MONDAY])


def test_a_process_remembers_so_many_words_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MANY", 1)
    monkeypatch.setattr(seen_in_bulk, "MOST_SPELT", 5)
    for n in range(12):
        lead = a_lead(source=f"a source of its own {n}")
        assert snapshots.take(Organisation(), [lead.pk], [MONDAY]).source.tolist() == [lead.source]
        assert len(seen_in_bulk._spelt) <= 5 + 2
