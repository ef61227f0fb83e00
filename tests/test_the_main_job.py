"""The main job on real input: loan applications imported, learnt by a worker, all scored, one explained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from common.tenancy import Membership
from leads.models import Dossier, LeadScore
from tests.processes import Process, Server
from tests.test_other_processes import asked, eventually

DATA = Path(settings.BASE_DIR).parent / "shared" / "data" / "loan_applications"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="../shared/data/loan_applications is not beside the project")
def test_the_loan_applications_from_file_to_reasons(
    server_processes: Callable[[int], list[Server]], celery_worker_process: Process
) -> None:
    call_command(
        "import_leads",
        "--leads",
        str(DATA / "cases.csv.gz"),
        "--events",
        str(DATA / "events.csv.gz"),
        "--mapping",
        "loan_applications",
    )
    assert Dossier.objects.count() == 13_087
    address = server_processes(1)[0].address

    status, run = asked(address, "/api/ml/model/train", {"notes": "loan applications", "algorithm": "random_forest"})
    assert status == 202, run
    assert eventually(lambda: asked(address, run["status_url"], method="GET")[1]["status"] not in ("QUEUED", "RUNNING"))
    ended = asked(address, run["status_url"], method="GET")[1]
    assert (ended["status"], ended["activated"]) == ("SUCCEEDED", True), ended
    info = asked(address, "/api/ml/model/info", method="GET")[1]
    assert 0.7 < info["metrics"]["roc_auc"] < 0.95
    unseen = {"A_APPROVED", "A_REGISTERED", "A_ACTIVATED", "A_DECLINED", "A_CANCELLED", "O_ACCEPTED", "O_DECLINED"}
    assert not [f["name"] for f in info["features"] if unseen & set(f["name"].split("."))]

    status, job = asked(address, "/api/ml/score-jobs", {})
    assert status == 202
    assert eventually(
        lambda: asked(address, f"/api/ml/score-jobs/{job['id']}", method="GET")[1]["status"] == "SUCCEEDED"
    )
    assert LeadScore.objects.filter(model_version=ended["version"]).count() == Dossier.objects.open().count() > 300

    first = asked(address, "/api/ml/leads/ranked?limit=1", method="GET")[1]["results"][0]
    prediction = asked(address, f"/api/ml/predict/{first['dossier_id']}")[1]
    total = prediction["base_probability"] + sum(part["contribution"] for part in prediction["feature_contributions"])
    assert total == pytest.approx(prediction["conversion_probability"], abs=1e-6)

    sales = User.objects.create_user("anna")
    sales.groups.add(*_groups("sales"))
    Membership.objects.create(user=sales)
    browser = Client()
    browser.force_login(sales)
    assert str(first["dossier_id"]) in browser.get("/ml-insights/").content.decode()
    page = browser.get(f"/ml-insights/leads/{first['dossier_id']}/").content.decode()
    assert f"{prediction['conversion_probability']:.0%}" in page.replace(" %", "%").replace(
        "\N{NARROW NO-BREAK SPACE}%", "%"
    )


def _groups(name: str) -> Any:
    from django.contrib.auth.models import Group

    return Group.objects.filter(name=name)
