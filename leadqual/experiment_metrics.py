"""What Prometheus sees of experiments: leads and conversions by arm, counted where they are kept."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from experiments.exposures import tallies

LABELS = ["org", "experiment", "arm"]


class ExperimentArms(Collector):
    """Two gauges, of the experiments that are alive; nothing while the database is away."""

    def collect(self) -> Iterator[Metric]:
        """Each known to exist from the first scrape on."""
        exposed = GaugeMetricFamily("ml_experiment_exposures", "Leads in an arm of an experiment.", labels=LABELS)
        sold = GaugeMetricFamily("ml_experiment_conversions", "Of them, those that converted since.", labels=LABELS)
        try:
            found = tallies()
        except DatabaseError:
            return
        for tally in found:
            labels = [tally.org_id, str(tally.experiment_id), tally.variant]
            exposed.add_metric(labels, tally.exposures)
            sold.add_metric(labels, tally.conversions)
        yield exposed
        yield sold
