"""The addresses of this room, for both prefixes."""

from django.urls import path

import common.converters  # noqa: F401 - registers "version"
from models_registry.api import cards, views
from models_registry.api.ledger import Ledger

shared = [
    path("model/info", views.Info.as_view()),
    path("model/feature-importance", views.Importance.as_view()),
    path("model/train", views.Train.as_view()),
    path("model/train/<uuid:run_id>", views.Run.as_view()),
    path("model/versions", views.Versions.as_view()),
    path("model/ledger", Ledger.as_view()),
]
ml_urlpatterns = [
    *shared,
    path("model/versions/<version:version>/card", cards.VersionCard.as_view()),
    path("model/versions/<version:version>", views.VersionNotes.as_view()),
    path("model/rollback/<version:version>", views.Rollback.as_view()),
]
service_urlpatterns = [*shared, path("model/rollback", views.ServiceRollback.as_view())]
