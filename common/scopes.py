"""What a caller may do: scopes of the contract, and the Django permissions they follow from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from common.request_log import tell_who
from common.tenancy import org_of

PERMISSION_OF_SCOPE = {
    "leads:write": "leads.change_dossier",
    "predictions:read": "predictions.view_prediction",
    "predictions:write": "predictions.add_prediction",
    "models:read": "models_registry.view_modelversion",
    "models:write": "models_registry.activate_modelversion",
    "experiments:read": "experiments.view_experiment",
    "experiments:write": "experiments.change_experiment",
}
SCOPES = tuple(PERMISSION_OF_SCOPE)


@dataclass(frozen=True)
class Caller:
    """Who is asking: organisation, scopes, a name for the audit rows, and the number of a program's own token."""

    name: str
    org_id: str
    scopes: frozenset[str]
    token: str | None = None


def scopes_of(user: AbstractUser) -> frozenset[str]:
    """The scopes that follow from a person's Django permissions."""
    permissions = user.get_all_permissions()
    return frozenset(scope for scope, permission in PERMISSION_OF_SCOPE.items() if permission in permissions)


def caller_of(request: Request) -> Caller:
    """The caller of an authenticated request: a program by its token's claims, a person by the person's permissions."""
    found: Caller | None = getattr(request, "caller", None)
    if found is None:
        found = _from_token(request) if request.auth is not None else _from_session(request)
        setattr(request, "caller", found)  # noqa: B010 - asked several times a request, told once
        tell_who(org_id=found.org_id, caller=found.name)
    return found


def _from_token(request: Request) -> Caller:
    claims: Any = request.auth
    scope = claims.get("scope", "")
    words = scope.replace(",", " ").split() if isinstance(scope, str) else [str(word) for word in scope]
    user: Any = request.user
    if isinstance(user, AbstractUser):  # a token outlives what was taken from the person since, and gives nothing new
        return Caller(name=user.get_username(), org_id=org_of(user), scopes=scopes_of(user) & frozenset(words))
    name = user.get_username() or str(claims.get("sub", "unknown"))
    org_id, token = str(claims.get("org_id") or "default"), getattr(user, "token", None)
    return Caller(name=name, org_id=org_id, scopes=frozenset(words), token=token)


def _from_session(request: Request) -> Caller:
    user: Any = request.user
    org_id = org_of(user, session=getattr(request, "session", None))
    return Caller(name=user.get_username(), org_id=org_id, scopes=scopes_of(user))


class HasScope(BasePermission):
    """Lets a caller through who has the view's scope: `required_scope`, one for all methods or one a method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether it is so. Raises PermissionDenied that names the lacking scope."""
        if not request.user or not request.user.is_authenticated:
            return False
        scope = scope_needed(view, request.method or "")
        if scope is None or scope in caller_of(request).scopes:
            return True
        raise PermissionDenied(f"This needs the scope {scope}.")


def scope_needed(view: Any, method: str) -> str | None:
    """The scope that `method` of `view` needs, HEAD the one of GET; None where being known is enough."""
    needed = getattr(view, "required_scope", None)
    if isinstance(needed, dict):
        return needed.get("GET" if method == "HEAD" else method) or needed.get("*")
    return needed


def ensure_own_org(request: Request, org_id: str | None) -> None:
    """Raises PermissionDenied where a body names another organisation than the caller's."""
    if org_id is not None and org_id != caller_of(request).org_id:
        raise PermissionDenied("org_id is not the organisation of your token.")
