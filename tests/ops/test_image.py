"""The image, the compose file and the Kubernetes example are as they should be, as far as shows without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
OPS = ROOT / "ops"
BIN = Path(sys.executable).parent
OURS = ("migrate", "web", "worker", "beat")
OF_OTHERS = re.compile("POSTGRES_|GF_|POD_IP|REMAP_SIGTERM")


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def services() -> dict[str, Any]:
    return dict(yaml.safe_load((OPS / "compose.yaml").read_text())["services"])


def manifests() -> list[dict[str, Any]]:
    texts = [path.read_text() for path in sorted((OPS / "kubernetes").glob("*.yaml"))]
    return [document for text in texts for document in yaml.safe_load_all(text)]


def pods() -> dict[str, Any]:
    """The pods that run our image, by part."""
    made = [each["spec"]["template"] for each in manifests() if each["kind"] in ("Deployment", "Job")]
    return {pod["metadata"]["labels"]["part"]: pod["spec"] for pod in made}


def test_the_dockerfile_keeps_to_good_practice() -> None:
    done = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_is_built_in_two_stages_pinned_unprivileged_and_watched() -> None:
    bases = re.findall(r"^FROM (\S+)", dockerfile(), re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base) for base in bases)
    assert re.findall(r"^USER (\d+)$", dockerfile(), re.MULTILINE) == ["10001"]
    assert "--require-hashes" in dockerfile()
    assert "/health/live" in dockerfile()


def test_what_the_image_must_not_hold_is_left_out() -> None:
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {".git", "var", "tests", "**/tests", "ops"} <= set(left_out)


def test_the_compose_file_is_valid() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", OPS / "compose.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_runs_every_part() -> None:
    assert {*OURS, "postgres", "valkey", "prometheus", "grafana"} == set(services())
    assert "gunicorn" in dockerfile()
    assert services()["worker"]["command"][:4] == ["celery", "-A", "leadqual", "worker"]
    assert services()["beat"]["command"][:4] == ["celery", "-A", "leadqual", "beat"]


def test_our_services_cannot_write_to_their_root_nor_gain_rights() -> None:
    for name in OURS:
        service = services()[name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]


def test_every_image_of_others_is_pinned_and_nothing_listens_to_the_world() -> None:
    for name, service in services().items():
        if name not in OURS:
            assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", service["image"]), service["image"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_what_the_compose_file_mounts_and_waits_for_is_there() -> None:
    compose = yaml.safe_load((OPS / "compose.yaml").read_text())
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (OPS / source).exists() if source.startswith(".") else source in compose["volumes"]
        assert set(service.get("depends_on", [])) <= set(compose["services"])
        assert set(service.get("secrets", [])) <= set(compose["secrets"])


def test_prometheus_asks_the_services_at_their_ports() -> None:
    config = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())
    web, worker = config["scrape_configs"]
    assert (web["job_name"], web["static_configs"][0]["targets"]) == ("leadqual-web", ["web:8000"])
    (found,) = worker["dns_sd_configs"]
    port = services()["worker"]["environment"]["WORKER_METRICS_PORT"]
    assert (worker["job_name"], found["names"], str(found["port"])) == ("leadqual-worker", ["worker"], port)
    assert "web" in services()["web"]["environment"]["DJANGO_ALLOWED_HOSTS"].rstrip("}").split(",")


def test_every_variable_of_ours_in_ops_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    named = {name for service in services().values() for name in service.get("environment", {})}
    for manifest in manifests():
        named |= set(manifest.get("data", {}))
    for pod in pods().values():
        named |= {variable["name"] for variable in pod["containers"][0].get("env", [])}
    ours = {name.removesuffix("_FILE") for name in named if not OF_OTHERS.match(name)}
    assert len(ours) > 5
    assert not [name for name in ours if f"`{name}`" not in page]


def test_no_secret_stands_in_the_kubernetes_example() -> None:
    assert "Secret" not in {each["kind"] for each in manifests()}
    for manifest in manifests():
        assert not {"DATABASE_URL", "DJANGO_SECRET_KEY"} & set(manifest.get("data", {}))


def test_every_pod_is_unprivileged_bounded_and_writes_to_its_volumes_only() -> None:
    assert set(pods()) == set(OURS)
    for pod in pods().values():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert {mount["name"] for mount in container["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}


def test_web_is_asked_whether_it_lives_and_whether_it_can_serve_and_there_is_one_beat() -> None:
    (web,) = pods()["web"]["containers"]
    assert web["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert web["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    beats = [each for each in manifests() if each.get("metadata", {}).get("name") == "leadqual-beat"]
    assert (beats[0]["spec"]["replicas"], beats[0]["spec"]["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.slow
def test_kustomize_puts_the_example_together() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(["kubectl", "kustomize", OPS / "kubernetes"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "image: registry.example/leadqual:0.1.0" in done.stdout
