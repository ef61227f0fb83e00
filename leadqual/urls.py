"""Every address of the project."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as accounts
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language
from django_otp.admin import OTPAdminSite
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from common.answers import only_read
from common.logging_in import limited
from experiments.api import urls as experiments_api
from insights.first_page import first_page
from leadqual import health, metrics
from models_registry.api import urls as models_api
from predictions.api import urls as predictions_api

handler400 = "common.answers.bad_request"
handler404 = "common.answers.page_not_found"
handler500 = "common.answers.server_error"

if settings.ADMIN_TOTP:
    admin.site.__class__ = OTPAdminSite

urlpatterns: list[URLPattern | URLResolver] = [
    # Addresses are tried in this order: what is asked for most comes first.
    path("api/ml/", include(predictions_api.ml_urlpatterns)),
    path("api/v1/", include(predictions_api.service_urlpatterns)),
    path("api/ml/", include("leads.api.urls")),
    path("api/ml/", include(models_api.ml_urlpatterns)),
    path("api/ml/", include(experiments_api.ml_urlpatterns)),
    path("api/v1/", include(models_api.service_urlpatterns)),
    path("", first_page),
    path("ml-insights/", include("insights.urls")),
    path("accounts/login/", limited(accounts.LoginView.as_view(redirect_authenticated_user=True)), name="login"),
    path("accounts/logout/", accounts.LogoutView.as_view(), name="logout"),
    path("accounts/language/", set_language, name="set_language"),
    path("admin/login/", limited(admin.site.login)),
    path("admin/", admin.site.urls),
    path("api/auth/", include("common.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="docs.html"), name="docs"),
    path("health", only_read(health.health), name="health"),
    path("health/live", only_read(health.live), name="health-live"),
    path("health/ready", only_read(health.ready), name="health-ready"),
    path("metrics", only_read(metrics.metrics), name="metrics"),
]
