"""The web server's other door, for servers that speak ASGI. Settings that are unsafe together are refused here."""

import os

from django.core.asgi import get_asgi_application

from common.checks import refuse_unsafe
from leadqual import tracing
from models_registry.learning.warming import warm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")
tracing.start("leadqual-web")
application = get_asgi_application()
refuse_unsafe()
warm()
