"""The addresses of this room, under `/api/ml/`."""

from django.urls import path

from experiments.api import views

ml_urlpatterns = [
    path("ab-test", views.Experiments.as_view()),
    path("ab-test/plan", views.PlanExperiment.as_view()),
    path("ab-test/self-test", views.SelfTest.as_view()),
    path("ab-test/<int:number>", views.OneExperiment.as_view()),
    path("ab-test/<int:number>/metrics", views.Metrics.as_view()),
    path("ab-test/<int:number>/start", views.Start.as_view()),
    path("ab-test/<int:number>/close", views.CloseEnrolment.as_view()),
    path("ab-test/<int:number>/mature", views.LetMature.as_view()),
    path("ab-test/<int:number>/stop", views.Stop.as_view()),
    path("ab-test/<int:number>/iterate", views.Iterate.as_view()),
]
