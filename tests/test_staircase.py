"""A room's tables point only at tables of rooms below it; import-linter cannot see foreign keys."""

import ast
import re
import tomllib
from pathlib import Path

from django.apps import apps
from django.conf import settings

ROOMS = ["common", "leads", "models_registry", "experiments", "predictions", "insights"]


def test_foreign_keys_go_down_the_stairs() -> None:
    for model in (model for room in ROOMS for model in apps.get_app_config(room).get_models()):
        for field in model._meta.get_fields():
            target = getattr(field, "remote_field", None) and not field.auto_created and field.related_model
            label = getattr(getattr(target, "_meta", None), "app_label", None)
            if label in ROOMS:
                assert ROOMS.index(label) <= ROOMS.index(model._meta.app_label), (
                    f"{model.__name__}.{field.name} points up"
                )


def test_every_row_knows_its_organisation() -> None:
    without = {"ModelArtefact", "TrainingCheck", "ScoreChunk"}  # belong to a version, a run, and a job, which do
    for model in (model for room in ROOMS for model in apps.get_app_config(room).get_models()):
        assert model.__name__ in without or any(field.name == "org_id" for field in model._meta.get_fields()), model


def test_whatever_says_that_it_is_pure_is_held_to_it() -> None:
    root = Path(settings.BASE_DIR)
    linter = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    held = tuple(name for each in linter["contracts"] for name in each.get("source_modules", ()))
    for path in (path for room in ROOMS for path in (root / room).rglob("*.py") if "tests" not in path.parts):
        if re.search(r"\bPure(\.|: no Django)", ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            assert f"{name}.".startswith(tuple(f"{each}." for each in held)), f"import-linter does not look at {name}"
