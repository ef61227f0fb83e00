from django.apps import AppConfig


class ModelsRegistryConfig(AppConfig):
    name = "models_registry"
    verbose_name = "Models"

    def ready(self) -> None:
        """Has the settings of this room checked."""
        from models_registry import checks  # noqa: F401, PLC0415 - registers itself
