"""What the hourly task does: full experiments close, none keeps another from being looked after, ends are counted."""

from typing import Any

import pytest

from experiments import watching
from experiments.lifecycle import stop_experiment
from experiments.models import Experiment
from experiments.tests.cast import an_experiment, exposed, now
from experiments.watching import watch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("days_ago", "status"), [(3, "RUNNING"), (15, "ENROLMENT_CLOSED")])
def test_a_full_experiment_closes_once_two_weeks_have_passed(days_ago: int, status: str) -> None:
    experiment = an_experiment(days_ago=days_ago, planned_leads=4)
    for variant in ("control", "treatment"):
        exposed(experiment, variant, 2, days_ago=1)
    watch(at=now())
    experiment.refresh_from_db()
    assert experiment.status == status


def test_one_that_cannot_be_read_does_not_keep_the_others_from_being_watched(monkeypatch: Any) -> None:
    broken, other = an_experiment(org_id="other"), an_experiment()
    exposed(other, "control", 3)
    analyse = watching.analyse

    def failing(experiment: Experiment, **told: Any) -> Any:
        if experiment.pk == broken.pk:
            raise ValueError
        return analyse(experiment, **told)

    monkeypatch.setattr(watching, "analyse", failing)
    assert watch(at=now()) == 2
    other.refresh_from_db()
    assert other.tally["control"]["leads"] == 3


def test_what_the_list_shows_is_counted_after_the_end_too() -> None:
    experiment = an_experiment(days_ago=60)
    leads = exposed(experiment, "control", 3)
    stop_experiment(org_id="default", experiment_id=experiment.pk, by="tester", at=now())
    watch(at=now())
    experiment.refresh_from_db()
    assert experiment.tally["control"] == {"leads": 3, "conversions": 0}
    leads[0].outcomes.create(converted=True, occurred_at=now() - watching.JUST_ENDED * 20, recorded_at=now())
    watch(at=now() + 2 * watching.JUST_ENDED)
    experiment.refresh_from_db()
    assert experiment.tally["control"] == {"leads": 3, "conversions": 1}


def test_the_p_value_that_withholds_is_the_one_that_is_kept() -> None:
    """Uneven at first, and evened out by the days after: the page withholds for good, and so the gauge alarms."""
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 300, days_ago=50)
    exposed(experiment, "treatment", 300, days_ago=10)
    watch(at=now())
    experiment.refresh_from_db()
    assert experiment.sample_ratio is not None
    assert experiment.sample_ratio < 0.001
