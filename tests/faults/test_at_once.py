"""Two who do the same at once: one of them, or one after the other, and never half of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from django.utils import timezone

from common.jobs import JobStatus
from leads.models import Outcome
from leads.tests.cast import a_lead, a_past
from models_registry import activation
from models_registry.models import ModelActivation, ModelVersion, TrainingRun
from models_registry.tests.cast import a_version
from tests.faults.asking import Asker, at_once
from tests.processes import Server


@pytest.fixture
def askers(server_processes: Callable[[int], list[Server]]) -> list[Asker]:
    return [Asker(server.address) for server in server_processes(2)]


@pytest.mark.slow
def test_two_trainings_two_rollbacks_a_rollback_and_an_activation_and_two_outcomes_at_once(askers: list[Asker]) -> None:
    a_past()
    versions = [a_version(algorithm="logistic_regression").version for _ in range(3)]
    one_of_many_trainings_is_taken(askers)
    rollbacks_come_one_after_the_other(askers, versions)
    a_rollback_and_an_activation_leave_one_active(askers[0], versions)
    of_many_outcomes_one_is_current(askers)


def one_of_many_trainings_is_taken(askers: list[Asker]) -> None:
    answers = at_once([lambda asked=asked: asked("POST", "/api/ml/model/train") for asked in askers * 4])
    assert Counter(answer.status for answer in answers) == {202: 1, 409: 7}
    (taken,) = [answer.body["run_id"] for answer in answers if answer.status == 202]
    assert str(TrainingRun.objects.get(status=JobStatus.QUEUED).pk) == taken


def rollbacks_come_one_after_the_other(askers: list[Asker], versions: list[str]) -> None:
    for _ in range(5):
        paths = [f"/api/ml/model/rollback/{version}" for version in versions[:2] * 2]
        pairs = zip(askers * 2, paths, strict=True)
        answers = at_once([lambda asked=asked, path=path: asked("POST", path) for asked, path in pairs])
        assert [answer.status for answer in answers] == [200] * 4
        assert_one_is_active(versions[:2])


def a_rollback_and_an_activation_leave_one_active(asked: Asker, versions: list[str]) -> None:
    for _ in range(5):
        rolled, activated = at_once(
            [
                lambda: asked("POST", f"/api/ml/model/rollback/{versions[0]}"),
                lambda: activation.activate(org_id="default", version=versions[2], by="tester", at=timezone.now()),
            ]
        )
        assert rolled.status == 200
        assert isinstance(activated, ModelVersion)
        assert_one_is_active([versions[0], versions[2]])


def assert_one_is_active(versions: list[str]) -> None:
    active = ModelVersion.objects.active().get()
    assert active.version in versions
    last = ModelActivation.objects.of("default").order_by("-number").first()
    assert last is not None
    assert last.version == active.version


def of_many_outcomes_one_is_current(askers: list[Asker]) -> None:
    path = f"/api/ml/predict/{a_lead().number}/outcome"
    bodies = [{"converted": at % 2 == 0, "revenue": float(at)} for at in range(8)]
    pairs = zip(askers * 4, bodies, strict=True)
    answers = at_once([lambda asked=asked, body=body: asked("POST", path, body) for asked, body in pairs])
    assert [answer.status for answer in answers] == [200] * 8
    told = Outcome.objects.filter(dossier__number=int(path.split("/")[4]))
    assert sorted(row.revenue for row in told) == [float(at) for at in range(8)]
    assert told.current().count() == 1
