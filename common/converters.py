"""How numbers and names in addresses are read."""

from django.urls import register_converter

from common.serializers import MAX_ID


class DossierNumber:
    """A positive 64-bit integer; anything else is no such address (404)."""

    regex = "[0-9]{1,19}"

    def to_python(self, text: str) -> int:
        """The number. Raises ValueError, which Django answers with 404."""
        number = int(text)
        if not 0 < number <= MAX_ID:
            raise ValueError(text)
        return number

    def to_url(self, number: int) -> str:
        """Its decimal digits."""
        return str(number)


class VersionName:
    """The name of a model's version: a text that the database can be asked for, so without NUL (404)."""

    regex = r"[^/\x00]+"

    def to_python(self, text: str) -> str:
        """The name as it is."""
        return text

    def to_url(self, name: str) -> str:
        """The same."""
        return name


# Registered here, once: a second registration of a name is an error.
register_converter(DossierNumber, "dossier")
register_converter(VersionName, "version")
