"""People at a browser, by their role or by what they may do."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q
from django.test import Client

from common.tenancy import Membership


def _client(user: User, org_id: str) -> Client:
    if org_id != "default":
        Membership.objects.create(user=user, org_id=org_id)
    client = Client()
    client.force_login(user)
    return client


def a_person(*permissions: str, name: str = "person", org_id: str = "default", is_staff: bool = False) -> Client:
    """The browser of somebody with these permissions and no others."""
    user = User.objects.create_user(name, password="x", is_staff=is_staff)
    wanted = Q(pk=None)
    for permission in permissions:
        label, codename = permission.split(".")
        wanted |= Q(content_type__app_label=label, codename=codename)
    user.user_permissions.set(Permission.objects.filter(wanted))
    return _client(user, org_id)


def sales(org_id: str = "default") -> Client:
    """A salesperson: sees the pages and changes nothing."""
    return _member("sales", ["sales"], org_id)


def staff(org_id: str = "default") -> Client:
    """Somebody who scores, trains and activates, also in the admin."""
    return _member("staff", ["analyst", "ml_admin"], org_id)


def _member(name: str, groups: list[str], org_id: str) -> Client:
    user = User.objects.create_user(f"{name}-{org_id}", password="x", is_staff=name == "staff")
    user.groups.set(Group.objects.filter(name__in=groups))
    return _client(user, org_id)


def admin() -> Client:
    """A superuser."""
    return _client(User.objects.create_superuser("admin", password="x"), "default")
