"""The doors at which people get tokens."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.views import TokenViewBase

from common.auth import PersonTokens, RefreshedTokens
from common.logging_in import LogInLimit
from common.pieces import TakesPieces
from common.serializers import StrictSerializer, TextField


class TokensIn(StrictSerializer):
    """A person's name and password."""

    says_whose = False
    username = TextField(max_length=150)
    password = TextField(max_length=1000, trim_whitespace=False)


class TokensOut(serializers.Serializer[Any]):
    """A token to call with, and one to get the next with."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class RefreshIn(StrictSerializer):
    """A refresh token."""

    says_whose = False
    refresh = TextField(max_length=10_000)


class AccessOut(serializers.Serializer[Any]):
    """A token to call with."""

    access = serializers.CharField()


class ObtainTokens(TakesPieces, TokenViewBase):
    """Logging in over the API."""

    permission_classes = (AllowAny,)  # type: ignore[assignment]
    throttle_classes = (LogInLimit,)
    serializer_class = PersonTokens

    @extend_schema(
        request=TokensIn,
        responses=TokensOut,
        tags=["authentication"],
        auth=[],
        examples=[
            OpenApiExample("Log in", {"username": "staff", "password": "..."}, request_only=True),
            OpenApiExample("Two tokens", {"access": "eyJhbGciOi...", "refresh": "eyJhbGciOi..."}, response_only=True),
        ],
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answers an access and a refresh token for a person's name and password."""
        TokensIn(data=request.data).is_valid(raise_exception=True)
        try:
            return super().post(request, *args, **kwargs)
        except AuthenticationFailed:
            if getattr(request, "axes_locked_out", False):
                raise Throttled(wait=settings.LOGIN_LOCK_MINUTES * 60) from None
            raise


class RefreshToken(TakesPieces, TokenViewBase):
    """Staying logged in."""

    permission_classes = (AllowAny,)  # type: ignore[assignment]
    throttle_classes = ()
    serializer_class = RefreshedTokens

    @extend_schema(
        request=RefreshIn,
        responses=AccessOut,
        tags=["authentication"],
        auth=[],
        examples=[
            OpenApiExample("The refresh token", {"refresh": "eyJhbGciOi..."}, request_only=True),
            OpenApiExample("A new token", {"access": "eyJhbGciOi..."}, response_only=True),
        ],
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answers a new access token for a refresh token."""
        RefreshIn(data=request.data).is_valid(raise_exception=True)
        return super().post(request, *args, **kwargs)
