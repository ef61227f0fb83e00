from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = "Organisations and audit"

    def ready(self) -> None:
        from common import checks  # noqa: F401, PLC0415 - registers them
