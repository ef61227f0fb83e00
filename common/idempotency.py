"""`Idempotency-Key`: the same request sent twice is done once, and answered alike."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Conflict
from common.models import KEY_LENGTH, IdempotencyKey
from common.rendering import QuickJSONRenderer
from common.scopes import Caller, caller_of

Handler = Callable[..., Response]
KEY_HEADER = "HTTP_IDEMPOTENCY_KEY"
"""What `Idempotency-Key` is called in a request's META."""
CLAIM = """
INSERT INTO idempotency_key (org_id, caller, key, fingerprint, dossier_number, status, answer, created_at)
VALUES (%s, %s, %s, %s, %s, 0, '', %s) ON CONFLICT (org_id, caller, key) DO NOTHING RETURNING id
"""


def replay(row: IdempotencyKey, fingerprint: str) -> Response:
    """The first answer again. Raises Conflict (409) where this request is not the first one's like."""
    if row.fingerprint != fingerprint:
        raise Conflict("This Idempotency-Key was used for another request.")
    return Response(json.loads(row.answer), status=row.status, headers={"Idempotent-Replayed": "true"})


def idempotent(handler: Handler) -> Handler:
    """Makes a POST handler honour `Idempotency-Key`. Only successful answers are kept: after an error, try again.

    Also after an error at the very end: what is done once all is stored (a worker is told) may fail, too. An address's
    `dossier_id` is kept with the answer, which is forgotten with the lead.
    """

    @functools.wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.META.get(KEY_HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not key.isprintable() or not 0 < len(key) <= KEY_LENGTH:
            raise ValidationError({"Idempotency-Key": f"must be 1 to {KEY_LENGTH} printable characters."})
        claimed = None
        try:
            with transaction.atomic():
                claimed, response = _claim_and_answer(
                    request, key, kwargs.get("dossier_id"), lambda: handler(view, request, *args, **kwargs)
                )
        except Exception:
            if claimed is not None:  # answered and perhaps stored, yet the caller is told of an error
                IdempotencyKey.objects.filter(pk=claimed).delete()
            raise
        return response

    once.takes_a_key = True  # type: ignore[attr-defined]  # as the OpenAPI schema says of it
    return once


def _claim_and_answer(
    request: Request, key: str, dossier_number: int | None, answer: Callable[[], Response]
) -> tuple[int | None, Response]:
    """The answer, and the number of the row that keeps it; None where that is another request's."""
    caller, fingerprint = caller_of(request), _fingerprint(request)
    claimed = _claim(caller, key, fingerprint, dossier_number)
    if claimed is None:
        return None, replay(IdempotencyKey.objects.of(caller.org_id).get(caller=caller.name, key=key), fingerprint)
    response = answer()
    IdempotencyKey.objects.filter(pk=claimed).update(
        status=response.status_code, answer=QuickJSONRenderer().render(response.data).decode()
    )
    return claimed, response


def _claim(caller: Caller, key: str, fingerprint: str, dossier_number: int | None) -> int | None:
    """The row's number where the key is new. Waits for a request that has claimed it and is not done."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [caller.org_id, caller.name, key, fingerprint, dossier_number, timezone.now()])
        found = cursor.fetchone()
    return None if found is None else int(found[0])


def _fingerprint(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=_content_of)
    return hashlib.sha256(f"{request.method} {request.get_full_path()} {body}".encode()).hexdigest()


def _content_of(upload: Any) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return f"{upload.name} {digest.hexdigest()}"


def forget_old_keys(*, at: datetime) -> int:
    """Deletes the keys past their time; how many there were."""
    return IdempotencyKey.objects.filter(created_at__lt=at - timedelta(hours=settings.IDEMPOTENCY_HOURS)).delete()[0]
