"""The project. No room imports it."""

from leadqual.celery import app as celery_app

__all__ = ["celery_app"]
