"""People at a browser, by what they may do."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User
from django.db.models import Q
from django.test import Client

from common.tenancy import Membership

SALES = ("predictions.view_prediction", "leads.view_dossier", "models_registry.view_modelversion")
STAFF = (
    *SALES, "predictions.add_prediction", "models_registry.activate_modelversion",
    "models_registry.change_modelversion", "models_registry.view_trainingrun", "models_registry.view_scoringrule",
    "models_registry.add_scoringrule", "models_registry.change_scoringrule", "models_registry.delete_scoringrule",
)


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
    return a_person(*SALES, name=f"sales-{org_id}", org_id=org_id)


def staff(*more: str, org_id: str = "default") -> Client:
    """Somebody who scores, trains and activates, also in the admin."""
    return a_person(*STAFF, *more, name=f"staff-{org_id}", org_id=org_id, is_staff=True)


def admin() -> Client:
    """A superuser."""
    return _client(User.objects.create_superuser("admin", password="x"), "default")
