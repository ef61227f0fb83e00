"""The groups that the migrations make, and the scopes that follow."""

import pytest
from django.contrib.auth.models import Group, User

from common.scopes import SCOPES, scopes_of

pytestmark = pytest.mark.django_db


def scopes(*groups: str) -> set[str]:
    person = User.objects.create_user("person")
    person.groups.set(Group.objects.filter(name__in=groups))
    return set(scopes_of(person))


def test_sales_may_read_through_the_api_and_change_nothing() -> None:
    assert scopes("sales") == {"predictions:read", "models:read", "experiments:read"}


def test_sales_tells_what_became_of_a_lead_and_what_they_think_of_it_and_else_only_looks() -> None:
    names = Group.objects.get(name="sales").permissions.values_list("codename", flat=True)
    assert {name for name in names if not name.startswith("view_")} == {"add_outcome", "add_override"}


def test_each_role_may_what_the_one_before_it_may() -> None:
    names = ("sales", "analyst", "ml_admin")
    roles = [set(Group.objects.get(name=name).permissions.values_list("pk")) for name in names]
    assert roles[0] < roles[1] < roles[2]


def test_only_an_ml_admin_may_override_the_gate_and_edit_rules_schedules_and_the_organisation() -> None:
    for permission in (
        "models_registry.override_gate",
        "models_registry.change_scoringrule",
        "django_celery_beat.change_periodictask",
        "leads.change_organisation",
    ):
        room, codename = permission.split(".")
        granted = Group.objects.filter(permissions__content_type__app_label=room, permissions__codename=codename)
        assert set(granted.values_list("name", flat=True)) == {"ml_admin"}


def test_an_analyst_may_work_with_leads_and_not_with_models() -> None:
    assert scopes("analyst") == set(SCOPES) - {"models:write"}


def test_an_ml_admin_may_do_everything() -> None:
    assert scopes("ml_admin") == set(SCOPES)


def test_a_person_without_a_group_may_do_nothing() -> None:
    assert scopes() == set()
