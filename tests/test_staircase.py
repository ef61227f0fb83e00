"""A room's tables point only at tables of rooms below it; import-linter cannot see foreign keys."""

from django.apps import apps

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
