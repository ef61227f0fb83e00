"""The least that answers a prediction from a database: what any engine on these parts cannot be faster than.

One view of Django REST framework without a token, limits, metrics, a log or an experiment: it reads a row that holds
the encoded features, has our kernels score and explain it, inserts one row, and answers the numbers. `MODEL` is the
file of an artefact, `DATABASE_URL` the address of a database in which `benchmarks.limit` has made the two tables.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import django
import numpy as np
from django.conf import settings
from environ import Env

DATABASE = Env.db_url_config(os.environ["DATABASE_URL"])
DATABASE |= {"HOST": unquote(DATABASE["HOST"]), "CONN_MAX_AGE": None}
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": DATABASE},
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],  # says how long an answer is
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
    ROOT_URLCONF=__name__,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - after the settings
from django.db import connection  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from models_registry.learning import artefact  # noqa: E402

READ = "SELECT x FROM bare_lead WHERE id = %s"
STORE = "INSERT INTO bare_prediction (lead_id, probability, contributions) VALUES (%s, %s, %s) RETURNING id"
MODEL = artefact.read(Path(os.environ["MODEL"]).read_bytes())


class Predict(APIView):
    """Scoring a row."""

    def post(self, request: Request, number: int) -> Response:
        """The probability of the row of that number, and what each of its columns adds to it."""
        with connection.cursor() as cursor:
            cursor.execute(READ, [number])
            x = np.array(cursor.fetchone()[0], dtype=np.float32)[None]
            probability, parts = float(MODEL.probability(x)[0]), MODEL.raw.contributions(x)[0].tolist()
            cursor.execute(STORE, [number, probability, json.dumps(parts)])
            (made,) = cursor.fetchone()
        return Response({"id": made, "probability": probability, "contributions": parts})


urlpatterns = [path("predict/<int:number>", Predict.as_view())]


def _warm() -> Any:
    row = np.zeros((1, MODEL.raw.columns), dtype=np.float32)
    MODEL.probability(row)
    MODEL.raw.contributions(row)
    return get_wsgi_application()


application = _warm()
