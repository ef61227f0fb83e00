"""The groups that the migrations make, and the scopes that follow."""

import pytest
from django.contrib.auth.models import Group, User

from common.scopes import SCOPES, scopes_of

pytestmark = pytest.mark.django_db


def scopes(*groups: str) -> set[str]:
    person = User.objects.create_user("person")
    person.groups.set(Group.objects.filter(name__in=groups))
    return set(scopes_of(person))


def test_sales_may_look_and_change_nothing() -> None:
    assert scopes("sales") == {"predictions:read", "models:read", "experiments:read"}


def test_an_analyst_may_work_with_leads_and_not_with_models() -> None:
    assert scopes("analyst") == set(SCOPES) - {"models:write"}


def test_an_ml_admin_may_do_everything() -> None:
    assert scopes("ml_admin") == set(SCOPES)


def test_a_person_without_a_group_may_do_nothing() -> None:
    assert scopes() == set()
