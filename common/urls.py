"""The addresses of this room."""

from django.urls import path

from common.tokens import ObtainTokens, RefreshToken

urlpatterns = [path("token/", ObtainTokens.as_view()), path("token/refresh/", RefreshToken.as_view())]
