"""The data page: imports with what they rejected, and releasing what was taken for a leak."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from common.bodies import takes_files_of
from common.posted import text_of
from insights.access import IMPORT, RELEASE, SEE_DATA, Viewer, act, page, show
from insights.forms import ImportForm, problems_of
from insights.pages.data import data_page, import_page
from leads.importing.jobs import start_import
from leads.importing.mapping import MappingProblem
from leads.importing.rejects import as_csv
from leads.models import ImportJob
from leads.phrases import PHRASES
from models_registry.releases import NoReason, newest_suspects, release_suspect, withdraw_release

LONGEST_NAME = 200


@page(SEE_DATA)
def data(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Whether what comes in can be trusted."""
    read = data_page(viewer.org)
    return show(request, viewer, "insights/data.html", page=read, form=ImportForm(), here="data")


@takes_files_of(IMPORT)
@act(IMPORT)
def import_file(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Takes a file, and imports it in the background."""
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, problems_of(form))
        return redirect("insights:data")
    upload = form.cleaned_data["file"]
    if upload.size > settings.IMPORT_MAX_BYTES:
        messages.error(request, _("A file may have at most %s MB.") % (settings.IMPORT_MAX_BYTES // 1024**2))
        return redirect("insights:data")
    told = {name: form.cleaned_data[name] for name in ("content", "mapping")}
    try:
        job = start_import(org_id=viewer.org.org_id, upload=upload, filename=upload.name, by=viewer.name, **told)
    except MappingProblem as problem:
        messages.error(request, _("The mapping cannot be used: %s.") % PHRASES.say(str(problem)))
        return redirect("insights:data")
    return redirect("insights:import", job_id=job.pk)


def _job_or_404(viewer: Viewer, job_id: Any) -> ImportJob:
    found: ImportJob = get_object_or_404(ImportJob.objects.of(viewer.org.org_id), pk=job_id)
    return found


@page(SEE_DATA)
def one_import(request: HttpRequest, viewer: Viewer, job_id: Any) -> HttpResponse:
    """How far it is, what it took, and which rows it rejected and why."""
    read = import_page(_job_or_404(viewer, job_id))
    return show(request, viewer, "insights/import.html", page=read, job=read.job, here="data")


@page(SEE_DATA)
def import_progress(request: HttpRequest, viewer: Viewer, job_id: Any) -> HttpResponse:
    """A fragment: how far an import is."""
    return show(request, viewer, "insights/_import.html", job=_job_or_404(viewer, job_id))


@page(SEE_DATA)
def rejects(request: HttpRequest, viewer: Viewer, job_id: Any) -> HttpResponse:
    """The rejected rows as a file, each with its line and the reason."""
    job = _job_or_404(viewer, job_id)
    disposition = f'attachment; filename="rejects-{job.pk}.csv"'
    return HttpResponse(as_csv(job.rejects), "text/csv; charset=utf-8", headers={"Content-Disposition": disposition})


def release(request: HttpRequest) -> HttpResponse:
    """Asks why (GET), and releases the attribute to learning (POST)."""
    return _released(request) if request.method == "POST" else _asked(request)


@page(RELEASE)
def _asked(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    return _confirmation(request, viewer, _suspect_or_404(viewer, request.GET.get("attribute", "")))


@act(RELEASE)
def _released(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    suspect = _suspect_or_404(viewer, request.POST.get("attribute", ""))
    name = suspect["attribute"]
    try:
        release_suspect(
            org_id=viewer.org.org_id, attribute=name, by=viewer.name, at=timezone.now(), reason=text_of(request)
        )
    except NoReason:
        problem = _("Say why: what shows that it is known in time?")
        return _confirmation(request, viewer, suspect, problem, 400)
    messages.success(request, _("%s is released: the next training may use it.") % name)
    return redirect("insights:data")


def _suspect_or_404(viewer: Viewer, attribute: str) -> dict[str, Any]:
    suspect = newest_suspects(viewer.org.org_id).named(attribute)
    if suspect is None:
        raise Http404("There is no such suspect.")
    return suspect


def _confirmation(
    request: HttpRequest, viewer: Viewer, suspect: dict[str, Any], problem: str = "", status: int = 200
) -> HttpResponse:
    context = {"suspect": suspect, "problem": problem, "here": "data"}
    return show(request, viewer, "insights/release.html", status=status, **context)


@act(RELEASE)
def withdraw(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Keeps a released attribute out again."""
    name = request.POST.get("attribute", "").replace("\x00", "")[:LONGEST_NAME]
    if withdraw_release(org_id=viewer.org.org_id, attribute=name, by=viewer.name, at=timezone.now()):
        messages.success(request, _("%s is kept out again where it looks like a leak.") % name)
    return redirect("insights:data")
