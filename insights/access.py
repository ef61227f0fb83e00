"""Who may see a page, and whose rows it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.language import Language, speaking
from common.request_log import tell_who
from common.tenancy import DEFAULT_ORG, Membership, org_of
from insights.logged_out import ask_to_log_in, nothing_was_done
from leads.models import Organisation

P = ParamSpec("P")
SEE_LEADS = "predictions.view_prediction"
SCORE = "predictions.add_prediction"
TELL_OUTCOMES = "leads.add_outcome"
OVERRIDE_SCORES = "leads.add_override"
SEE_MODELS = "models_registry.view_modelversion"
ACTIVATE = "models_registry.activate_modelversion"
SEE_EXPERIMENTS = "experiments.view_experiment"
MAKE_EXPERIMENTS = "experiments.add_experiment"
SEE_DATA = "leads.view_importjob"
IMPORT = "leads.add_importjob"
RELEASE = "models_registry.release_suspect"
EXPERIMENT = "experiments.change_experiment"
OVERRIDE = "models_registry.override_gate"
OF_ORG = "of_org"
"""The field in which a form says whose rows its page showed."""


@dataclass(frozen=True)
class Viewer:
    """The person at the page, and the organisation whose rows it may show."""

    user: AbstractUser
    org: Organisation
    zone: ZoneInfo
    """Where the person is, as the browser says; the organisation's zone until it has said so."""

    @property
    def name(self) -> str:
        """As it stands in audit rows."""
        return self.user.get_username()

    def may(self, permission: str) -> bool:
        """Whether the person has a Django permission."""
        return self.user.has_perm(permission)

    def organisations(self) -> list[str]:
        """Those that the person may look at; one, unless it is a superuser."""
        if not self.user.is_superuser:
            return [self.org.org_id]
        defined = Organisation.objects.values_list("org_id", flat=True)
        known = defined.union(Membership.objects.values_list("org_id", flat=True))
        return sorted({*known, self.org.org_id, DEFAULT_ORG})


def zone_of(request: HttpRequest, org: Organisation) -> ZoneInfo:
    """The zone of the browser's cookie, which `static/js/pages.js` sets; the organisation's where it is none."""
    name = unquote(request.COOKIES.get("zone", ""))
    return ZoneInfo(name) if name in _zones() else org.zone


def viewers_language() -> Language:
    """The language of the request, for the sentences of pure code."""
    parting, point = formats.get_format("THOUSAND_SEPARATOR"), formats.get_format("DECIMAL_SEPARATOR")
    return Language(translation.gettext, translation.ngettext, thousands=parting, decimals=point)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reading them takes a while


Page = Callable[Concatenate[HttpRequest, Viewer, P], HttpResponse]


def page(permission: str | None) -> Callable[[Page[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """A page to read: for people who are logged in and have the permission (403 without it)."""
    return lambda view: require_safe(_door(permission, view, logged_out=ask_to_log_in))


def act(permission: str | None) -> Callable[[Page[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """A button: the same, by POST only. Who lacks the permission hears so before anything else."""
    return lambda view: _door(permission, _where_it_was(view), logged_out=nothing_was_done, wrap=_by_post)


def _by_post(button: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Where a button's address is opened like a page's, a page says so."""

    def pressed(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return button(request)
        answer = render(request, "405.html", status=405)
        answer["Allow"] = "POST"
        return answer

    return pressed


def _where_it_was(view: Page[P]) -> Any:
    """Does nothing where the person has switched to another organisation, in another window, since the page was shown.

    A lead's number, and an attribute's name, stand for something in both.
    """

    @wraps(view)
    def button(request: HttpRequest, viewer: Viewer, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.POST.get(OF_ORG, viewer.org.org_id) == viewer.org.org_id:
            return view(request, viewer, *args, **kwargs)
        messages.error(request, _("You have switched to %s since you opened that page: nothing was done.") % viewer.org)
        return redirect("insights:today")

    return button


def _door(
    permission: str | None,
    view: Page[P],
    *,
    logged_out: Callable[[HttpRequest], HttpResponse],
    wrap: Callable[[Any], Any] = lambda view: view,
) -> Any:
    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user: Any = request.user
        if not user.is_authenticated:
            return logged_out(request)
        if permission is not None and not user.has_perm(permission):
            raise PermissionDenied
        org = Organisation.get(org_of(user, session=request.session))
        viewer = Viewer(user, org, zone_of(request, org))
        tell_who(org_id=org.org_id, caller=viewer.name)
        with timezone.override(viewer.zone), speaking(viewers_language()):
            response: HttpResponse = wrap(lambda asked: view(asked, viewer, *args, **kwargs))(request)
        return response

    return door


def show(request: HttpRequest, viewer: Viewer, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """The template for this viewer, with what every page's head needs."""
    context |= {
        "viewer": viewer,
        "org": viewer.org,
        "organisations": viewer.organisations(),
        "now": viewer.org.now(),
        "may_score": viewer.may(SCORE),
        "may_tell": viewer.may(TELL_OUTCOMES),
        "may_disagree": viewer.may(OVERRIDE_SCORES),
        "may_activate": viewer.may(ACTIVATE),
        "may_make_experiments": viewer.may(MAKE_EXPERIMENTS),
        "may_experiment": viewer.may(EXPERIMENT),
        "sees_experiments": viewer.may(SEE_EXPERIMENTS),
        "sees_models": viewer.may(SEE_MODELS),
        "sees_leads": viewer.may(SEE_LEADS),
        "sees_data": viewer.may(SEE_DATA),
        "may_import": viewer.may(IMPORT),
        "may_release": viewer.may(RELEASE),
        "languages": settings.LANGUAGES,
        "login_url": settings.LOGIN_URL,
    }
    return render(request, template, context, status=status)
