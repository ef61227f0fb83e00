"""The web server's other door, for servers that speak ASGI."""

import os

from django.core.asgi import get_asgi_application

from models_registry.learning.warming import warm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")
application = get_asgi_application()
warm()
