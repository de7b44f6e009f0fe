"""Prometheus asks who is there; Grafana finds its source and its dashboard, which answers the five questions."""

import itertools
import json

from tests.deploy.k8s.manifests import load_yaml
from tests.stack import TOP

OBSERVE = TOP / "deploy" / "observe"
GRAFANA = OBSERVE / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "tasklane.json").read_text())
COLUMNS = 24


def test_prometheus_asks_compose_services_where_they_listen() -> None:
    services = load_yaml(TOP / "deploy" / "docker-compose.yml")["services"]
    ports = {"api": 8000, "worker": services["worker"]["environment"]["WORKER_METRICS_PORT"]}
    for job in load_yaml(OBSERVE / "prometheus.yml")["scrape_configs"]:
        [found] = job["dns_sd_configs"]
        [name] = found["names"]
        assert job["job_name"] == f"tasklane-{name}"
        assert found["port"] == ports[name]


def test_it_answers_the_five_questions() -> None:
    questions = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert questions == [
        "Is it up?",
        "Is it fast?",
        "Is the cache hit?",
        "Is anything stale?",
        "Is the worker behind?",
    ]


def test_every_panel_asks_the_source_that_is_provisioned() -> None:
    [source] = load_yaml(GRAFANA / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    for panel in DASHBOARD["panels"]:
        for asked in (panel, *panel.get("targets", ())):
            assert asked.get("datasource", {"uid": source["uid"]})["uid"] == source["uid"]
        assert panel["type"] == "row" or panel["targets"]


def test_no_panel_lies_over_another() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    for place in places:
        assert place["x"] + place["w"] <= COLUMNS
    assert not [pair for pair in itertools.combinations(places, 2) if overlap(*pair)]
    identities = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identities)) == len(identities)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
