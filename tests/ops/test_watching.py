"""Prometheus' rules and Grafana's dashboard ask for what the running system shows, and every alert has its page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client

OPS = Path(settings.BASE_DIR) / "ops"
PROMETHEUS = OPS / "prometheus"
RULES = ("recording.rules.yml", "alerts.rules.yml")
OF_PROMETHEUS = {"up"}
ALERTS_OF_THE_CONTRACT = {
    "LeadqualPredictionSlow": "> 2",
    "LeadqualTrainingFailed": "FAILED",
    "LeadqualRocAucDropped": "> 0.1",
    "LeadqualAccuracyDropped": "> 0.1",
    "LeadqualPredictionErrors": "> 0.05",
    "LeadqualNoActiveModel": "ml_active_models",
    "LeadqualDataStale": "ml_data_newest",
    "LeadqualDrift": "DRIFT",
    "LeadqualSampleRatioMismatch": "ratio_p_value",
    "LeadqualWorkerGone": "leadqual-worker",
    "LeadqualBeatSilent": "ml_beat",
}


def rules(name: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    return dict(json.loads((OPS / "grafana" / "dashboards" / "leadqual.json").read_text()))


def queries_of_the_dashboard() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def names_in(query: str) -> set[str]:
    """The metrics that a PromQL expression names."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)', " ", query)
    words = re.findall(r"[A-Za-z_:][\w:]*(?!\s*\()\b", re.sub(r"[\w:]+\s*\(", "(", bare))
    return {word for word in words if "_" in word or ":" in word or word in OF_PROMETHEUS}


def exposed() -> dict[str, set[str]]:
    """Each sample of `/metrics` with its labels; of a metric without samples, the name alone."""
    text = Client().get("/metrics").content.decode()
    found: dict[str, set[str]] = {name: set() for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def every_query() -> list[str]:
    return [rule["expr"] for name in RULES for rule in rules(name)] + list(queries_of_the_dashboard())


@pytest.mark.django_db
def test_every_query_names_what_the_running_system_shows() -> None:
    known = set(exposed()) | OF_PROMETHEUS | {rule["record"] for rule in rules(RULES[0])}
    for query in every_query():
        names = names_in(query)
        assert names, query
        assert names <= known, f"{names - known} in {query}"


@pytest.mark.django_db
def test_every_label_that_a_query_filters_by_exists() -> None:
    shown = exposed()
    for query in every_query():
        for name, filters in re.findall(r"([\w:]+)\{([^}]*)\}", query):
            labels = set(re.findall(r"(\w+)\s*[=!]~?\"", filters))
            if shown.get(name):  # one without samples shows no labels here
                assert labels <= shown[name] | {"job", "instance"}, query


def test_no_metric_has_a_label_that_prometheus_gives_itself() -> None:
    assert names_in('sum by (job) (rate(a_total{job="b"}[5m])) / x:y') == {"a_total", "x:y"}
    source = "".join(path.read_text() for path in (OPS.parent / "leadqual").glob("*_metrics.py"))
    assert not re.search(r'labels=\["(?:job|instance)"', source)


def test_the_alerts_of_the_contract_are_there() -> None:
    found = {rule["alert"]: rule["expr"] for rule in rules(RULES[1])}
    for alert, part in ALERTS_OF_THE_CONTRACT.items():
        assert part in found[alert]


def test_every_alert_says_what_is_wrong_and_has_a_page_in_the_run_book() -> None:
    titles = re.findall(r"^## (\w+)$", (OPS.parent / "docs" / "runbook.md").read_text(), re.MULTILINE)
    alerts = rules(RULES[1])
    assert titles == sorted(titles, key=[alert["alert"] for alert in alerts].index)
    assert len(titles) == len(alerts)
    for alert in alerts:
        assert alert["labels"]["severity"] in ("page", "ticket")
        assert alert["annotations"]["summary"]
        assert alert["annotations"]["runbook"] == f"docs/runbook.md#{alert['alert'].lower()}"


def test_every_alert_is_tested_silent_and_raised() -> None:
    cases = yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text())["tests"]
    tested = [(each["alertname"], bool(each["exp_alerts"])) for case in cases for each in case["alert_rule_test"]]
    for alert in rules(RULES[1]):
        assert {(alert["alert"], True), (alert["alert"], False)} <= set(tested)


@pytest.mark.slow
@pytest.mark.parametrize("act", [["check", "config", "prometheus.yml"], ["test", "rules", "alerts.test.yml"]])
def test_promtool_agrees(act: list[str]) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    done = subprocess.run(["promtool", *act], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_shows_what_the_contract_asks_for() -> None:
    titles = " ".join(panel["title"] for panel in dashboard()["panels"]).lower()
    for wanted in ("prediction volume", "latency", "model performance", "experiment conversion", "importance changes"):
        assert wanted in titles


def test_every_panel_has_a_place_of_its_own_and_the_provisioned_source() -> None:
    taken: set[tuple[int, int]] = set()
    sources = yaml.safe_load((OPS / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == sources[0]["uid"]
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])
