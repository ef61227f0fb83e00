"""The web server's door. Settings that are unsafe together are refused here."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

from common.checks import refuse_unsafe
from leadqual import tracing
from models_registry.learning.warming import warm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")
tracing.start("leadqual-web")
application = get_wsgi_application()
refuse_unsafe()
# Before the first request, and once for all workers that are forked from here: the kernels, and every view.
warm()
resolve("/health/live")
