"""What the API raises, beyond what Django REST framework has."""

from __future__ import annotations

from rest_framework import exceptions, status

RETRY_AFTER_SECONDS = 5


class Conflict(exceptions.APIException):
    """409: what is asked for does not fit the state that things are in."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = "This conflicts with the present state."


class TooLarge(exceptions.APIException):
    """413: more than we take at once."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = "The body is too large."


class Encoded(exceptions.APIException):
    """415: a body that has to be unpacked before it can be read, which this server does for files alone."""

    status_code = status.HTTP_415_UNSUPPORTED_MEDIA_TYPE
    default_code = "unsupported_media_type"
    default_detail = "The body has a Content-Encoding; send it as it is, without one."


class Unavailable(exceptions.APIException):
    """503: a dependency is away; the same request may succeed later."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = "A service that we depend on is away; try again shortly."
    wait = RETRY_AFTER_SECONDS
