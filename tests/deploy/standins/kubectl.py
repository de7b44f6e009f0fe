"""A stand-in for kubectl before a stand-in for a cluster, whose file `STANDIN_CLUSTER` names.

What it does not know it refuses, so that a new command in the handbook is learnt here first.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from tests.deploy.standins.cluster import Cluster, Object, RefusedError, key

KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet", "service": "Service", "configmap": "ConfigMap"}
KINDS |= {"namespace": "Namespace", "job": "Job", "secret": "Secret", "gateway": "Gateway"}


def main() -> None:
    options = parser().parse_args()
    cluster = Cluster(Path(os.environ["STANDIN_CLUSTER"]))
    try:
        options.run(cluster, options)
    except RefusedError as error:
        sys.exit(f"error: {error}")
    finally:
        cluster.save()


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser("kubectl", allow_abbrev=False)
    top.add_argument("--namespace", default="default")
    verbs = top.add_subparsers(required=True)

    def verb(name: str, run: Any, *arguments: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, allow_abbrev=False)
        added.set_defaults(run=run)
        for argument in arguments:
            added.add_argument(argument)
        return added

    for name, run in (("apply", apply), ("delete", delete)):
        added = verb(name, run)
        added.add_argument("--kustomize", type=Path)
        added.add_argument("--filename", type=Path)
        if name == "apply":
            added.add_argument("--server-side", action="store_true")
            added.add_argument("--force-conflicts", action="store_true")
        else:
            added.add_argument("what", nargs="*")
            added.add_argument("--selector", default="")
            added.add_argument("--field-selector", default="")
    create = verb("create", create_secret, "kind", "type", "name")
    create.add_argument("--from-literal", action="append", required=True)
    rollout = verb("rollout", roll, "action", "what")
    rollout.add_argument("--timeout")
    get = verb("get", show, "kind")
    get.add_argument("name", nargs="?")
    get.add_argument("--output", required=True)
    get.add_argument("--selector", default="")
    wait = verb("wait", wait_for, "what")
    wait.add_argument("--for", required=True, dest="condition")
    wait.add_argument("--timeout")
    verb("port-forward", forward, "what", "port")
    execute = verb("exec", execute_in, "what")
    execute.add_argument("--stdin", action="store_true")
    execute.add_argument("command", nargs="+")
    return top


def given(options: argparse.Namespace) -> list[Object]:
    if options.filename:
        text = options.filename.read_text()
    else:
        renderer = os.environ["STANDIN_RENDERER"].split()
        text = subprocess.run([*renderer, options.kustomize], capture_output=True, text=True, check=True).stdout
    return [item for item in yaml.load_all(text, yaml.CSafeLoader) if item]


def apply(cluster: Cluster, options: argparse.Namespace) -> None:
    """All that can be applied is, and then it fails if one could not."""
    refused = []
    for item in given(options):
        try:
            outcome, warnings = cluster.apply(item, force=options.force_conflicts)
        except RefusedError as error:
            refused.append(str(error))
            continue
        print(f"{item['kind'].lower()}/{item['metadata']['name']} {outcome}")
        for warning in warnings:
            print(f"Warning: {warning}", file=sys.stderr)
    if refused:
        raise RefusedError("\n".join(refused))


def delete(cluster: Cluster, options: argparse.Namespace) -> None:
    if options.kustomize or options.filename:
        for item in given(options):
            cluster.objects.pop(key(item["kind"], item["metadata"]["name"]), None)
        return
    [kind] = options.what
    label, _, value = options.selector.partition("=")
    kept = re.fullmatch(r"metadata\.name!=(\S+)", options.field_selector)
    for name, item in [*cluster.objects.items()]:
        labelled = item["metadata"].get("labels", {}).get(label) == value
        if item["kind"] == KINDS[kind] and labelled and not (kept and item["metadata"]["name"] == kept[1]):
            del cluster.objects[name]


def create_secret(cluster: Cluster, options: argparse.Namespace) -> None:
    literals = dict(literal.partition("=")[::2] for literal in options.from_literal)
    secret = {"apiVersion": "v1", "kind": "Secret", "data": literals}
    secret["metadata"] = {"name": options.name, "namespace": options.namespace}
    if key("Secret", options.name) in cluster.objects:
        raise RefusedError(f'secrets "{options.name}" already exists')
    cluster.apply(secret, force=False)


def roll(cluster: Cluster, options: argparse.Namespace) -> None:
    """`status` waits in vain for pods that miss something; `undo` leaves fields that another manager owns."""
    item = named(cluster, options.what)
    if options.action == "undo":
        item["changed by another"] = True
    if missing := list(cluster.missing(item)):
        raise RefusedError(f"timed out waiting for {options.what}: {'; '.join(missing)}")


def show(cluster: Cluster, options: argparse.Namespace) -> None:
    """`--output jsonpath={.spec…}`, with names and indexes alone, or the names of what a selector finds."""
    if options.output == "name":
        label, _, value = options.selector.partition("=")
        for item in cluster.objects.values():
            if item["kind"] == KINDS[options.kind] and item["metadata"].get("labels", {}).get(label) == value:
                print(f"{options.kind}/{item['metadata']['name']}")
        return
    found: Any = cluster.find(KINDS[options.kind], options.name)
    for part in re.findall(r"\w+", options.output.removeprefix("jsonpath=")):
        found = found[int(part) if part.isdigit() else part]
    print(found, end="")


def wait_for(cluster: Cluster, options: argparse.Namespace) -> None:
    """A gateway is programmed when somebody answers for its class."""
    item = named(cluster, options.what)
    if options.condition == "condition=Programmed":
        cluster.find("GatewayClass", item["spec"]["gatewayClassName"])


def forward(cluster: Cluster, options: argparse.Namespace) -> None:
    port = int(options.port.rpartition(":")[2])
    if port not in [item["port"] for item in named(cluster, options.what)["spec"]["ports"]]:
        raise RefusedError(f"{options.what} does not have a service port {port}")


def execute_in(cluster: Cluster, options: argparse.Namespace) -> None:
    """Nothing runs here: tests with containers run what the handbook runs."""
    named(cluster, options.what)
    if options.stdin and not sys.stdin.read():
        raise RefusedError("there is nothing to be read")


def named(cluster: Cluster, what: str) -> Object:
    kind, _, name = what.partition("/")
    return cluster.find(KINDS[kind], name)


if __name__ == "__main__":
    main()
