"""What is asked of the database for a prediction: the lead, the terms, and what is known of it, in one statement."""

from datetime import timedelta
from random import Random

import numpy as np
import pytest
from django.utils import timezone

from leads import snapshots
from leads.catalogue import columns_of, discover
from leads.models import Dossier, Organisation
from leads.tests.cast import HOUR, MONDAY, a_lead
from leads.tests.lives import some_lives
from predictions.terms import leads_of, moment_of

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("together", [True, False])
def test_what_is_read_with_the_terms_is_what_a_snapshot_of_the_moment_says(seed: int, together: bool) -> None:
    some_lives(Random(seed))
    org = Organisation.objects.create(org_id="default", observed_until=MONDAY + 100 * HOUR)
    leads = list(Dossier.objects.of("default").order_by("pk"))
    moments = [moment_of(org, lead) for lead in leads]
    assert len(set(moments)) > 1  # some begin later than the records end
    calls = [[lead.number for lead in leads]] if together else [[lead.number] for lead in leads]
    asked = [each for numbers in calls for each in leads_of("default", numbers)[0]]
    assert [(each.dossier, each.moment) for each in asked] == list(zip(leads, moments, strict=True))
    told = snapshots.told(org, [(each.dossier.pk, each.moment, each.seen) for each in asked])
    taken = snapshots.take(org, [lead.pk for lead in leads], moments)
    features = discover(taken)
    assert discover(told) == features
    mine, theirs = columns_of(told, features), columns_of(taken, features)
    for feature in features:
        np.testing.assert_array_equal(mine[feature.name], theirs[feature.name], err_msg=feature.name)


@pytest.mark.parametrize("has_row", [True, False])
def test_a_lead_of_the_past_is_read_as_of_now_and_one_of_the_future_as_of_its_beginning(has_row: bool) -> None:
    now = timezone.now()
    if has_row:
        Organisation.objects.create(org_id="default", observed_until=now + HOUR)  # the clock is not there yet
    past, future = a_lead(now - HOUR), a_lead(now + HOUR)
    (of_past, of_future), _ = leads_of("default", [past.number, future.number])
    assert now <= of_past.moment < now + SOON
    assert of_future.moment == future.created_at
    for asked, lead in ((of_past, past), (of_future, future)):
        assert abs(moment_of(asked.terms.org, lead) - asked.moment) < SOON


def test_a_lead_of_another_organisation_is_not_found() -> None:
    theirs = a_lead(org_id="other")
    assert leads_of("default", [theirs.number]) == ([], [])
