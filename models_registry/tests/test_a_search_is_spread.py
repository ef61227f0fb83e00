"""`auto` tries its algorithms on a cluster where the settings name one, and chooses as it does alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from models_registry.learning.logistic import LogisticRegression
from models_registry.learning.search import Auto, Trial
from models_registry.learning.task import Fitted, Progress, Task
from models_registry.spreading import spread
from models_registry.tests.learning.tasks import task

distributed = pytest.importorskip("distributed")


class Elsewhere(LogisticRegression):
    """Refuses to work in the process that asks."""

    name = "elsewhere"

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Raises unless a Dask worker does it."""
        distributed.get_worker()
        return super().fit(task, report)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of two workers, each a process of its own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, worker_dashboard_address=None
    ) as local:
        yield local.scheduler_address


def without_times(trials: list[Trial]) -> list[Trial]:
    return [replace(each, seconds=0.0) for each in trials]


@pytest.mark.slow
def test_two_workers_try_what_one_process_would(cluster: str, settings: Any) -> None:
    settings.ML_JOBLIB_BACKEND, settings.ML_DASK_SCHEDULER = "dask", cluster
    one = task(600)
    with spread():
        there = Auto([Elsewhere(), LogisticRegression()]).trials(one)
    here = Auto([LogisticRegression(), LogisticRegression()]).trials(one)
    assert [each.algorithm for each in there] == ["elsewhere", "logistic_regression"]
    assert [each.log_loss for each in there] == [here[0].log_loss] * 2


def test_side_by_side_on_one_machine_is_the_same(settings: Any) -> None:
    alone = Auto([LogisticRegression()]).trials(task(600))
    settings.ML_JOBLIB_BACKEND = "threading"
    with spread():
        assert without_times(Auto([LogisticRegression()]).trials(task(600))) == without_times(alone)


def test_a_cluster_without_an_address_is_refused(settings: Any) -> None:
    settings.ML_JOBLIB_BACKEND, settings.ML_DASK_SCHEDULER = "dask", ""
    with pytest.raises(ImproperlyConfigured, match="ML_DASK_SCHEDULER"), spread():
        pass
