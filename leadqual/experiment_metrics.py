"""What Prometheus sees of experiments: leads and conversions by arm, as the hourly task last counted them."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from experiments.models import Experiment, ExperimentStatus

LABELS = ["org", "experiment", "arm"]
MOST = 50


class ExperimentArms(Collector):
    """How many experiments there are, and of the newest fifty that are alive the arms and whether they hold."""

    def collect(self) -> Iterator[Metric]:
        """Each gauge known to exist from the first scrape on."""
        alive = list(Experiment.objects.alive().order_by("-pk").only("org_id", "tally", "sample_ratio")[:MOST])
        yield _by_status()
        yield _of_arms(alive, "ml_experiment_exposures", "Leads in an arm of an experiment.", "leads")
        yield _of_arms(alive, "ml_experiment_conversions", "Of them, those that converted since.", "conversions")
        yield _ratios(alive)


def _by_status() -> GaugeMetricFamily:
    family = GaugeMetricFamily("ml_experiments", "Experiments.", labels=["status"])
    counts = dict(Experiment.objects.order_by().values_list("status").annotate(Count("pk")))
    for status in ExperimentStatus.values:
        family.add_metric([status], counts.get(status, 0))
    return family


def _of_arms(alive: list[Experiment], name: str, words: str, counted: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=LABELS)
    for experiment in alive:
        for arm, counts in experiment.tally.items():
            family.add_metric([experiment.org_id, str(experiment.pk), arm], counts[counted])
    return family


def _ratios(alive: list[Experiment]) -> GaugeMetricFamily:
    words = "Always-valid p-value of the arms' sizes against the designed shares: below 0.001 results are withheld."
    family = GaugeMetricFamily("ml_experiment_sample_ratio_p_value", words, labels=LABELS[:2])
    for experiment in alive:
        if experiment.sample_ratio is not None:
            family.add_metric([experiment.org_id, str(experiment.pk)], experiment.sample_ratio)
    return family
