"""The web server's door."""

import os

from django.core.wsgi import get_wsgi_application

from models_registry.learning.warming import warm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")
application = get_wsgi_application()
warm()  # before the first request, and once for all workers that are forked from here
