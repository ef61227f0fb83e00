"""The addresses of this room."""

from django.urls import path

import common.converters  # noqa: F401 - registers "dossier"
from leads.api import imports, views

urlpatterns = [
    path("leads/<dossier:dossier_id>", views.Lead.as_view()),
    path("leads/<dossier:dossier_id>/events", views.LeadEvents.as_view()),
    path("leads/import", imports.Imports.as_view()),
    path("leads/import/<uuid:job_id>", imports.OneImport.as_view()),
    path("leads/import/<uuid:job_id>/rejects", imports.ImportRejects.as_view()),
]
