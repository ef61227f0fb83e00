"""What Prometheus sees of experiments: leads and conversions by arm, as the hourly task last counted them."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from experiments.models import Experiment

LABELS = ["org", "experiment", "arm"]
MOST = 50


class ExperimentArms(Collector):
    """Two gauges, of the newest fifty experiments that are alive; nothing while the database is away."""

    def collect(self) -> Iterator[Metric]:
        """Each known to exist from the first scrape on."""
        exposed = GaugeMetricFamily("ml_experiment_exposures", "Leads in an arm of an experiment.", labels=LABELS)
        sold = GaugeMetricFamily("ml_experiment_conversions", "Of them, those that converted since.", labels=LABELS)
        try:
            alive = list(Experiment.objects.alive().order_by("-pk").only("org_id", "tally")[:MOST])
        except DatabaseError:
            return
        for experiment in alive:
            for arm, counts in experiment.tally.items():
                labels = [experiment.org_id, str(experiment.pk), arm]
                exposed.add_metric(labels, counts["leads"])
                sold.add_metric(labels, counts["conversions"])
        yield exposed
        yield sold
