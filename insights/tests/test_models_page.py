"""The models page: what scores, how good it is, and changing that."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common import audit
from common.audit import AuditEntry
from common.jobs import JobStatus
from common.tests.people import a_person, admin, sales, staff
from insights import versions
from leads.tests.cast import a_past
from models_registry.activation import roll_back
from models_registry.models import ModelVersion, TrainingRun, Trigger
from models_registry.tests.cards import CARD, MEASURED, a_training_run, a_version

pytestmark = pytest.mark.django_db
MODELS = "/ml-insights/models/"
OLD, NEW = "20260101000000", "20260201000000"


def text(client: Client, address: str = MODELS) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def active() -> str:
    return ModelVersion.objects.active().get().version


def two_versions() -> None:
    a_version(OLD)
    a_version(NEW, is_active=True)


def refused(version: str) -> TrainingRun:
    """The run of a version that the gate has not passed."""
    return a_training_run(
        version=ModelVersion.objects.get(version=version), status=JobStatus.SUCCEEDED, verdict="Not activated: worse."
    )


def test_without_a_version_the_page_says_that_the_rules_score_and_what_to_do() -> None:
    assert "No model has been learnt yet" in text(staff())
    assert "Train now" in text(staff(org_id="second"))
    assert "Ask a colleague who may train" in text(sales())


def test_the_active_version_has_its_card_in_plain_words() -> None:
    two_versions()
    page = text(sales())
    for words in (f"Version {NEW} scores now", "ROC-AUC <strong>0.743</strong>", "0.5 is a coin toss"):
        assert words in page
    assert '<script id="figure-radar" type="application/json">' in page


def test_what_a_card_says_in_short_is_what_a_manager_reads_first() -> None:
    a_version(NEW, is_active=True, metrics=MEASURED, card=CARD)
    page = " ".join(text(sales()).split())
    for words in (
        "64% converted; of all, 20%. Whoever starts there finds 3.2 times as many.",
        "learnt from 2,000 leads of 2 June 2025 to 30 August 2025, and measured on 500 newer ones",
        "74 times out of 100 (71 to 78)",
        "the rules would have reached 61 times",
        "off by 2 points on average: they hold.",
        "Shuffled, ROC-AUC would be 0.86 instead of 0.74",
        "Twice as many leads would raise ROC-AUC by about 0.01.",
    ):
        assert words in page
    assert "all of this is rough" not in page


def test_all_figures_of_a_card_are_drawn_and_stand_in_tables() -> None:
    a_version(NEW, is_active=True, metrics=MEASURED, card=CARD)
    page = text(sales())
    for key in ("lift", "calibration", "roc", "precision-recall", "learning-curve", "importance", "radar"):
        assert f'<script id="figure-{key}" type="application/json">' in page
    for words in ("+0.131 (+0.100 to +0.160)", "least cost", "&lt;portal&gt;", "Fewer than 10 leads of an outcome."):
        assert words in page
    assert '<th scope="row">Logistic regression</th><td>0.410</td>' in page
    for words in ("It adds nothing to noise.", "quarantined", "It knows the outcome.", "Moon", "Shuffled: 0.861."):
        assert words in page


def test_few_leads_measured_are_called_rough() -> None:
    a_version(NEW, is_active=True, metrics=MEASURED | {"dossiers": 61, "positives": 9}, card=CARD)
    assert "Only 61 leads could be measured, of which 9 converted" in text(sales())


@pytest.mark.parametrize("card", [{}, {"curves": {"roc": None, "lift": None, "calibration": []}}, {"baselines": {}}])
def test_a_card_of_old_shows_what_it_has(card: dict[str, object]) -> None:
    a_version(NEW, is_active=True, metrics={"roc_auc": None, "log_loss": 0.4}, card=card)
    page = text(sales())
    assert f"Version {NEW} scores now" in page
    assert "Log loss <strong>0.400</strong>" in page
    for key in ("lift", "calibration", "roc", "learning-curve"):
        assert f"figure-{key}" not in page


def test_the_card_can_be_kept_as_a_file() -> None:
    a_version(OLD, metrics=MEASURED, card=CARD)
    answer = sales().get(f"{MODELS}{OLD}/card")
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert f"# Model {OLD}" in answer.content.decode()
    assert sales("other").get(f"{MODELS}{OLD}/card").status_code == 404
    assert a_person("predictions.view_prediction").get(f"{MODELS}{OLD}/card").status_code == 403


def test_another_organisations_versions_are_not_shown() -> None:
    two_versions()
    assert OLD not in text(sales("other"))
    assert staff(org_id="third").get(f"{MODELS}{OLD}/activate").status_code == 404


def test_however_many_are_learnt_since_what_scores_and_what_scored_before_it_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A policy that trains every day has soon learnt more than a page holds."""
    monkeypatch.setattr(versions, "MOST", 2)
    two_versions()
    roll_back(org_id="default", version=OLD, by="tester")
    roll_back(org_id="default", version=NEW, by="tester")
    a_version("20260115000000", archived_at=timezone.now())
    learnt = [a_version(f"202603{day:02}000000").version for day in range(1, 5)]
    client = staff()
    page = text(client)
    assert [name for name in (OLD, "20260115000000", NEW, *learnt) if f'models/{name}/">' in page] == [
        OLD,
        NEW,
        *learnt[2:],
    ]
    assert f'<a class="button quiet" href="{MODELS}{OLD}/activate">Roll back' in page
    compared = text(client, f"{MODELS}compare?after={learnt[0]}")
    for field, version in (("before", NEW), ("after", learnt[0])):
        assert f'<option value="{version}" selected>' in compared.split(f'id="{field}"')[1].split("</select>")[0]


@pytest.mark.parametrize("page", ["", "card", "preview", "activate"])
def test_a_name_that_no_version_can_have_is_no_address(page: str) -> None:
    assert staff().get(f"{MODELS}20260101%00/{page}").status_code == 404


def test_a_rollback_asks_first_and_says_from_which_to_which() -> None:
    two_versions()
    page = text(staff(), f"{MODELS}{OLD}/activate")
    assert f"Roll back from {NEW} to {OLD}?" in " ".join(page.split())
    assert active() == NEW


def test_a_confirmed_rollback_changes_what_scores_and_leaves_a_row_with_the_reason() -> None:
    two_versions()
    form = {"instead_of": NEW, "reason": "too many wasted calls"}
    response = staff().post(f"{MODELS}{OLD}/activate", form, follow=True)
    assert f"{OLD} scores from now on." in response.content.decode()
    assert "Leads keep the scores that they have until they are scored again" in response.content.decode()
    assert active() == OLD
    row = AuditEntry.objects.get()
    assert (row.act, row.by, row.before, row.after, row.reason) == (
        "model.rollback",
        "staff-default",
        NEW,
        OLD,
        "too many wasted calls",
    )


def test_a_newer_version_is_activated_and_not_rolled_back() -> None:
    a_version(OLD, is_active=True)
    a_version(NEW)
    staff().post(f"{MODELS}{NEW}/activate", {"instead_of": OLD, "reason": "from the other house"})
    assert AuditEntry.objects.get().act == "model.activate"


def test_a_first_version_is_activated_instead_of_the_rules() -> None:
    a_version(OLD)
    client = staff()
    assert f"to {OLD}?" in text(client, f"{MODELS}{OLD}/activate")
    client.post(f"{MODELS}{OLD}/activate", {"instead_of": "", "reason": "better than none"})
    assert active() == OLD


def test_a_choice_made_on_an_old_page_is_not_carried_out() -> None:
    two_versions()
    a_version("20260301000000")
    response = staff().post(f"{MODELS}20260301000000/activate", {"instead_of": OLD})
    assert response.status_code == 409
    assert "look again" in response.content.decode()
    assert active() == NEW


def test_a_version_that_the_gate_refused_takes_a_permission_of_its_own() -> None:
    a_version(OLD, is_active=True)
    a_version(NEW)
    refused(NEW)
    client = a_person("models_registry.view_modelversion", "models_registry.activate_modelversion")
    assert "takes a permission that you do not have" in text(client, f"{MODELS}{NEW}/activate")
    assert client.post(f"{MODELS}{NEW}/activate", {"instead_of": OLD, "reason": "I know better"}).status_code == 403
    assert active() == OLD


def test_with_that_permission_it_takes_a_reason() -> None:
    a_version(OLD, is_active=True)
    a_version(NEW)
    refused(NEW)
    client = staff()
    assert "Not activated: worse." in text(client, f"{MODELS}{NEW}/activate")
    assert client.post(f"{MODELS}{NEW}/activate", {"instead_of": OLD, "reason": " "}).status_code == 400
    assert active() == OLD
    client.post(f"{MODELS}{NEW}/activate", {"instead_of": OLD, "reason": "the holdout was a holiday"})
    assert active() == NEW


def test_a_version_that_was_once_active_can_be_gone_back_to_without_it() -> None:
    a_version(OLD)
    a_version(NEW, is_active=True)
    refused(OLD)
    audit.record(org_id="default", act="model.activate", subject=OLD, after=OLD, by="someone", at=timezone.now())
    assert staff().post(f"{MODELS}{OLD}/activate", {"instead_of": NEW}).status_code == 302
    assert active() == OLD


def test_an_archived_version_is_not_activated() -> None:
    a_version(OLD, archived_at=timezone.now())
    a_version(NEW, is_active=True)
    client = staff()
    assert "only its card is kept" in text(client, f"{MODELS}{OLD}/activate")
    form = {"instead_of": NEW, "reason": "it was better"}
    assert client.post(f"{MODELS}{OLD}/activate", form).status_code == 409
    assert active() == NEW


def test_notes_are_kept_on_the_version() -> None:
    two_versions()
    page = staff().post(f"{MODELS}{OLD}/notes", {"notes": "before the <move>\x00"}, follow=True).content.decode()
    assert ModelVersion.objects.get(version=OLD).notes == "before the <move>"
    assert "before the &lt;move&gt;" in page


def test_training_starts_a_run_and_shows_how_far_it_is() -> None:
    a_past(150)
    client = staff()
    client.post(f"{MODELS}train", {"algorithm": "auto", "notes": "spring"})
    run = TrainingRun.objects.get()
    assert (run.trigger, run.notes, run.started_by, run.status) == (Trigger.PAGE, "spring", "staff-default", "QUEUED")
    assert f'data-follow="{MODELS}runs/{run.pk}"' in text(client)
    assert "is under way" in client.post(f"{MODELS}train", follow=True).content.decode()
    assert AuditEntry.objects.get().act == "training.start"


def test_too_little_to_learn_from_is_said_with_the_counts() -> None:
    page = staff().post(f"{MODELS}train", {"algorithm": "auto"}, follow=True).content.decode()
    assert "There is too little to learn from: 0 usable records" in page
    assert "At least 100 in all are needed, with some that converted and some that did not." in page


def test_an_unknown_algorithm_is_said() -> None:
    assert "Unknown algorithm" in staff().post(f"{MODELS}train", {"algorithm": "oracle"}, follow=True).content.decode()


def test_the_fragment_of_a_run_moves_and_says_when_it_is_over() -> None:
    run = a_training_run()
    client, address = sales(), f"{MODELS}runs/{run.pk}"
    run.claim()
    run.report("growing", 0.4, "40 of 100 trees grown.")
    assert 'value="40"' in text(client, address)
    assert "40 of 100 trees grown." in text(client, address)
    run.report("splitting", 0.5, "Left out 3 features: created_weekday, attributes.wanted_from, and 1 more.")
    run.report("splitting", 0.6, "Trying random forest.")
    assert "Left out 3 features: Created on, Wanted from, and 1 more." in text(client, address)
    assert "Trying random forest." in text(client, address)
    run.succeed(verdict="Activated: no version was active before.")
    assert "data-finished" in text(client, address)
    assert "Activated: no version was active before." in text(client, address)


def test_whoever_waited_for_a_run_is_told_above_all_what_came_of_it() -> None:
    two_versions()
    run, client = refused(OLD), sales()
    run.finished_at = timezone.now()
    run.save()
    told = text(client).partition("The training run has ended")[2].partition("</section>")[0]
    assert "Not activated: worse." in told
    assert f"{MODELS}{OLD}/" in told
    run.finished_at -= timedelta(hours=2)
    run.save()
    assert "The training run has ended" not in text(client)


def test_the_end_of_a_run_is_not_told_beside_one_that_is_under_way() -> None:
    a_training_run(status=JobStatus.FAILED, error="The worker stopped answering.", finished_at=timezone.now())
    client = sales()
    assert "The training run has ended" in text(client)
    a_training_run()
    assert "The training run has ended" not in text(client)


def test_a_run_can_be_given_up() -> None:
    run = a_training_run()
    client = staff()
    client.post(f"{MODELS}runs/{run.pk}/cancel")
    run.refresh_from_db()
    assert run.status == JobStatus.CANCELLED
    assert "<strong>Cancelled.</strong> </p>" in text(client, f"{MODELS}runs/{run.pk}")
    assert [(row.act, row.subject) for row in AuditEntry.objects.all()] == [("training.cancel", str(run.pk))]
    assert "had ended already" in client.post(f"{MODELS}runs/{run.pk}/cancel", follow=True).content.decode()
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("button", ["train", f"{OLD}/activate", f"{OLD}/notes", "runs/{run}/cancel"])
def test_a_salesperson_sees_the_page_and_presses_no_button(button: str) -> None:
    two_versions()
    run = a_training_run()
    client = sales()
    assert client.post(MODELS + button.format(run=run.pk), {"instead_of": NEW, "notes": "x"}).status_code == 403
    assert active() == NEW
    assert not AuditEntry.objects.exists()
    page = text(client)
    for words in ("Train now", "Roll back", "Add a note", "Cancel this run"):
        assert words not in page


def test_who_may_not_see_models_has_no_such_page() -> None:
    client = a_person("predictions.view_prediction")
    assert client.get(MODELS).status_code == 403
    assert "Models</a>" not in text(client, "/ml-insights/")


def test_a_superuser_may_do_all_of_it() -> None:
    a_version(OLD, is_active=True)
    a_version(NEW)
    refused(NEW)
    admin().post(f"{MODELS}{NEW}/activate", {"instead_of": OLD, "reason": "a test"})
    assert active() == NEW


def test_many_versions_and_runs_take_as_many_statements_as_few() -> None:
    a_version(NEW, is_active=True)
    a_training_run(status=JobStatus.SUCCEEDED, version=ModelVersion.objects.get())
    client = staff()
    few = statements(client)
    for day in range(2, 28):
        version = a_version(f"202601{day:02}000000")
        a_training_run(status=JobStatus.SUCCEEDED, version=version, created_at=timezone.now() - timedelta(days=day))
    assert statements(client) == few < 20


def statements(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        text(client)
    return len(captured)
