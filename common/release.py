"""Which release of the project this is. Pure: no Django."""

RELEASE = "0.1.0"
"""That of pyproject.toml, which a test holds; nothing of the project is installed as a package that could be asked."""
