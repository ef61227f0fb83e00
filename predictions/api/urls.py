"""The addresses of this room."""

from django.urls import path

import common.converters  # noqa: F401 - registers "dossier"
from predictions.api import quality, service, views
from predictions.api.disagreement import Differences

ml_urlpatterns = [
    path("predict/<dossier:dossier_id>", views.Predict.as_view()),
    path("predict/<dossier:dossier_id>/latest", views.Latest.as_view()),
    path("predict/<dossier:dossier_id>/history", views.History.as_view()),
    path("predict/<dossier:dossier_id>/outcome", views.RecordOutcome.as_view()),
    path("predict/<dossier:dossier_id>/what-if", views.WhatIf.as_view()),
    path("predict/<dossier:dossier_id>/change", views.WhyItMoved.as_view()),
    path("score-jobs", views.ScoreJobs.as_view()),
    path("score-jobs/<uuid:job_id>", views.OneScoreJob.as_view()),
    path("leads/ranked", views.Ranked.as_view()),
    path("model/quality", quality.ModelQuality.as_view()),
    path("model/drift", quality.ModelDrift.as_view()),
    path("ab-test/differences", Differences.as_view()),
]
service_urlpatterns = [
    path("predict", service.PredictFeatures.as_view()),
    path("predict/batch", service.PredictBatch.as_view()),
]
