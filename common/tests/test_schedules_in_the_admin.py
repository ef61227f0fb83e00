"""Schedules in the admin: said in plain words, and changed only with a row that says so."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from celery import current_app
from django.test import Client
from django.utils.formats import date_format
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from common.audit import AuditEntry
from common.neighbours import has_neighbours
from common.schedule_words import cron_words, next_run_of, words_of
from common.service_tokens import issue
from common.tests.people import a_person, admin, staff

pytestmark = pytest.mark.django_db
LIST = "/admin/django_celery_beat/periodictask/"
CRONTABS = "/admin/django_celery_beat/crontabschedule/"
FRIDAY = {"minute": "0", "hour": "18", "day_of_month": "*", "month_of_year": "*", "day_of_week": "5", "timezone": "UTC"}
NO_INLINES = {"periodictask_set-TOTAL_FORMS": 0, "periodictask_set-INITIAL_FORMS": 0}


def training() -> PeriodicTask:
    return PeriodicTask.objects.get(name="Train models")


def acted(action: str, *tasks: PeriodicTask) -> dict[str, object]:
    return {"action": action, "_selected_action": [task.pk for task in tasks]}


def changed(client: Client, task: PeriodicTask, **told: object) -> int:
    """The status of saving the form as it was, but for what is told."""
    form = client.get(f"{LIST}{task.pk}/change/").context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}
    data |= {"start_time_0": "", "start_time_1": "", "expires_0": "", "expires_1": ""} | told
    return client.post(f"{LIST}{task.pk}/change/", data).status_code


def test_the_list_says_when_and_what_in_words() -> None:
    page = staff().get(LIST).content.decode()
    for words in (
        "At 02:00, on day 1 of the month (UTC)",
        "a run for every organisation that wants it",
        "Every 15 seconds",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("30", "3", "*", "*", "*"), "At 03:30 (UTC)"),
        (("*/15", "*", "*", "*", "1-5"), "Every 15 minutes, Monday through Friday (UTC)"),
        (("15", "*", "*", "*", "*"), "At 15 minutes past the hour (UTC)"),
        (("x", "y", "z", "*", "*"), "x y z * * (UTC)"),
    ],
)
def test_a_cron_line_is_put_into_words(line: tuple[str, ...], words: str) -> None:
    names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    assert cron_words(CrontabSchedule(**dict(zip(names, line, strict=True)), timezone="UTC")) == words


def test_an_interval_is_in_words_and_next_after_its_last_run() -> None:
    every = IntervalSchedule.objects.create(every=10, period="minutes")
    now = datetime.now(timezone.utc)
    task = PeriodicTask(name="x", task="x", interval=every, last_run_at=now - timedelta(minutes=4))
    assert words_of(task) == "Every 10 minutes"
    assert next_run_of(task) == pytest.approx(now + timedelta(minutes=6), abs=timedelta(minutes=1))
    task.enabled = False
    assert (words_of(task), next_run_of(task)) == ("Switched off", None)


def test_the_next_run_is_written_alike_in_the_list_and_on_the_page() -> None:
    client, due = staff(), next_run_of(training())
    for address in (LIST, f"{LIST}{training().pk}/change/"):
        assert date_format(due, "DATETIME_FORMAT") in client.get(address).content.decode()


def test_switching_off_and_on_leaves_rows() -> None:
    client, task = staff(), training()
    assert "1 switched off." in client.post(LIST, acted("disable_tasks", task), follow=True).content.decode()
    assert not training().enabled
    assert "0 switched off." in client.post(LIST, acted("disable_tasks", task), follow=True).content.decode()
    client.post(LIST, acted("enable_tasks", task))
    assert training().enabled
    rows = AuditEntry.objects.order_by("number").values_list("act", "subject", "by", "before", "after")
    when = "At 02:00, on day 1 of the month (UTC)"
    assert list(rows) == [
        ("schedule.change", "Train models", "staff-default", when, "Switched off"),
        ("schedule.change", "Train models", "staff-default", "Switched off", when),
    ]


def test_another_time_leaves_a_row_that_says_both() -> None:
    client, task = staff(), training()
    friday = CrontabSchedule.objects.create(minute="0", hour="18", day_of_week="5", timezone="UTC")
    assert changed(client, task, crontab=friday.pk) == 302
    row = AuditEntry.objects.get()
    assert (row.before, row.after) == ("At 02:00, on day 1 of the month (UTC)", "At 18:00, only on Friday (UTC)")
    assert row.evidence == {"changed": ["crontab"]}


def test_looking_does_not_permit_switching() -> None:
    reader: Client = a_person("django_celery_beat.view_periodictask", is_staff=True)
    for action in ("disable_tasks", "enable_tasks", "run_tasks"):
        reader.post(LIST, acted(action, training()))
    assert training().enabled
    assert not AuditEntry.objects.exists()


def test_where_others_are_served_too_an_organisations_staff_reads_schedules_and_a_superuser_changes_them() -> None:
    of_one, _, task = staff(), staff(org_id="theirs"), training()
    for action in ("disable_tasks", "enable_tasks", "run_tasks"):
        of_one.post(LIST, acted(action, task))
    assert changed(of_one, task, queue="another") == 403
    assert of_one.get(f"{LIST}add/").status_code == 403
    for path in (LIST, f"{LIST}{task.pk}/change/"):
        assert "only a superuser changes them" in of_one.get(path).content.decode()
    assert training().enabled
    assert not AuditEntry.objects.exists()
    superuser = admin()
    assert "only a superuser" not in superuser.get(LIST).content.decode()
    superuser.post(LIST, acted("disable_tasks", task))
    assert not training().enabled


def test_an_organisation_that_has_the_installation_to_itself_changes_its_schedules() -> None:
    client, task = staff(), training()
    assert "only a superuser" not in client.get(LIST).content.decode()
    assert changed(client, task, description="Monthly") == 302
    assert training().description == "Monthly"


@pytest.mark.parametrize("other", ["another", "yet another"])  # before and after "default" by name
def test_who_has_neighbours(other: str) -> None:
    assert not has_neighbours("default")
    issue(name="of ours", org_id="default", scopes=["models:read"], days=1, by="tester")
    assert not has_neighbours("default")
    issue(name="of theirs", org_id=other, scopes=["models:read"], days=1, by="tester")
    assert has_neighbours("default")
    assert has_neighbours(other)


@pytest.mark.parametrize("person", [staff, admin])
def test_times_that_schedules_share_are_never_changed_or_deleted(person: Callable[[], Client]) -> None:
    client, times = person(), PeriodicTask.objects.get(name="Archive old versions").crontab
    assert times.periodictask_set.count() > 1
    assert client.get(f"{CRONTABS}{times.pk}/change/").status_code == 200
    assert client.post(f"{CRONTABS}{times.pk}/change/", FRIDAY).status_code == 403
    assert client.post(f"{CRONTABS}{times.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(CRONTABS, {"action": "delete_selected", "_selected_action": [times.pk], "post": "yes"})
    times.refresh_from_db()
    assert str(times) == "30 3 * * * (m/h/dM/MY/d) UTC"


def test_a_time_is_added_and_leaves_a_row() -> None:
    assert staff().post(f"{CRONTABS}add/", FRIDAY | NO_INLINES).status_code == 302
    row = AuditEntry.objects.get()
    assert (row.act, row.subject, row.by) == ("schedule.add_time", "0 18 * * 5 (m/h/dM/MY/d) UTC", "staff-default")


def test_the_form_of_a_schedule_offers_to_add_a_time_and_not_to_change_one() -> None:
    page = staff().get(f"{LIST}{training().pk}/change/").content.decode()
    assert 'id="add_id_crontab"' in page
    assert 'id="change_id_crontab"' not in page


def test_only_what_was_run_leaves_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[object] = []
    monkeypatch.setattr(current_app.tasks[training().task], "apply_async", lambda **told: run.append(told))
    unknown = PeriodicTask.objects.create(name="Of old", task="no.such.task", crontab=training().crontab)
    client = staff()
    page = client.post(LIST, acted("run_tasks", unknown, training()), follow=True).content.decode()
    assert "not found" in page
    assert not run
    assert not AuditEntry.objects.exists()
    client.post(LIST, acted("run_tasks", training()))
    assert len(run) == 1
    assert AuditEntry.objects.get().act == "schedule.run"
