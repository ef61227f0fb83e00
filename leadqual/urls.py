"""Every address of the project."""

from django.contrib import admin
from django.contrib.auth import views as accounts
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from experiments.api import urls as experiments_api
from leadqual import health, metrics
from models_registry.api import urls as models_api
from predictions.api import urls as predictions_api

handler400 = "common.answers.bad_request"
handler404 = "common.answers.page_not_found"
handler500 = "common.answers.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="insights:today")),
    path("ml-insights/", include("insights.urls")),
    path("accounts/login/", accounts.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", accounts.LogoutView.as_view(), name="logout"),
    path("accounts/language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    path("api/auth/", include("common.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/ml/", include("leads.api.urls")),
    path("api/ml/", include(predictions_api.ml_urlpatterns)),
    path("api/ml/", include(models_api.ml_urlpatterns)),
    path("api/ml/", include(experiments_api.ml_urlpatterns)),
    path("api/v1/", include(predictions_api.service_urlpatterns)),
    path("api/v1/", include(models_api.service_urlpatterns)),
    path("health", health.health, name="health"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.metrics, name="metrics"),
]
