"""The addresses of the pages."""

from django.urls import path

import common.converters  # noqa: F401 - registers "version"
from insights.views import data, experiments, lead, models, organisation, overview, quality, today

app_name = "insights"

urlpatterns = [
    path("", today.today, name="today"),
    path("views", today.keep_view, name="keep-view"),
    path("views/<int:number>/delete", today.forget_view, name="forget-view"),
    path("leads.csv", today.export, name="export"),
    path("leads/score", today.score_all, name="score-all"),
    path("leads/<int:number>/", lead.lead, name="lead"),
    path("leads/<int:number>/score", lead.score_now, name="score-now"),
    path("leads/<int:number>/change", lead.change, name="change"),
    path("leads/<int:number>/what-if", lead.suppose, name="suppose"),
    path("leads/<int:number>/outcome", lead.outcome, name="outcome"),
    path("leads/<int:number>/override", lead.disagree, name="disagree"),
    path("leads/<int:number>/override/end", lead.agree, name="agree"),
    path("score-jobs/<uuid:job_id>", today.job_progress, name="score-job"),
    path("models/", models.models, name="models"),
    path("models/train", models.train, name="train"),
    path("models/compare", models.compare, name="compare"),
    path("models/runs/<uuid:run_id>", models.run_progress, name="run"),
    path("models/runs/<uuid:run_id>/cancel", models.cancel, name="cancel-run"),
    path("models/<version:version>/", models.version, name="version"),
    path("models/<version:version>/preview", models.preview, name="preview"),
    path("models/<version:version>/card", models.card, name="card"),
    path("models/<version:version>/activate", models.activate, name="activate"),
    path("models/<version:version>/notes", models.notes, name="notes"),
    path("experiments/", experiments.experiments, name="experiments"),
    path("experiments/plan", experiments.plan, name="experiment-plan"),
    path("experiments/differ", experiments.differ, name="experiment-apart"),
    path("experiments/self-test", experiments.self_test, name="experiment-self-test"),
    path("experiments/new", experiments.new, name="experiment-new"),
    path("experiments/<int:number>/", experiments.experiment, name="experiment"),
    path("experiments/<int:number>/again", experiments.again, name="experiment-again"),
    *(
        path(f"experiments/<int:number>/{name}", experiments.step, {"name": name}, name=f"experiment-{name}")
        for name in experiments.STEP
    ),
    path("overview/", overview.overview, name="overview"),
    path("overview/live", overview.live, name="live"),
    path("data/", data.data, name="data"),
    path("data/import", data.import_file, name="import-file"),
    path("data/imports/<uuid:job_id>/", data.one_import, name="import"),
    path("data/imports/<uuid:job_id>/progress", data.import_progress, name="import-progress"),
    path("data/imports/<uuid:job_id>/rejects", data.rejects, name="rejects"),
    path("data/release", data.release, name="release"),
    path("data/withdraw", data.withdraw, name="withdraw"),
    path("quality/", quality.quality, name="quality"),
    path("organisation", organisation.choose, name="organisation"),
]
