"""One measurement: wrk replays requests against a server for some seconds."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.stage.machine import Cores, pinned

SCRIPT = Path(__file__).with_name("replay.lua")
TIMEOUT = 10
_REPLAYED = re.compile(r"^REPLAYED (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)


class WrkFailed(RuntimeError):
    """It is not there, or it could not measure."""


@dataclass(frozen=True, slots=True)
class Run:
    """What wrk saw; latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    """Answers of 400 and more."""
    broken: int
    """Requests without an answer."""

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def missing() -> str:
    """Empty when wrk is there, or could be installed; else a sentence that says what to do."""
    if shutil.which("wrk"):
        return ""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("installing wrk", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "wrk"]):
            subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
        if shutil.which("wrk"):
            return ""
    return "wrk is missing: install it with the system's package manager (apt install wrk, brew install wrk)."


def run(url: str, requests: Path, *, connections: int, seconds: int, cores: Cores) -> Run:
    """Raises `WrkFailed`; returns within a few seconds more than `seconds`."""
    replay = command(url, requests, connections=connections, seconds=seconds)
    with pinned(cores.rest):
        try:
            ended = subprocess.run(replay, capture_output=True, text=True, timeout=seconds + 3 * TIMEOUT, check=False)
        except subprocess.TimeoutExpired as error:
            raise WrkFailed(f"wrk did not end: {' '.join(replay)}") from error
    return result(ended.stdout, ended.stderr, ended.returncode)


def command(url: str, requests: Path, *, connections: int, seconds: int) -> list[str]:
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={TIMEOUT}s"]
    return ["wrk", *options, "-s", str(SCRIPT), url, "--", str(requests)]


def result(output: str, errors: str, status: int) -> Run:
    """What wrk says at its end."""
    found = _REPLAYED.search(output)
    if status or not found:
        raise WrkFailed(f"wrk ended with {status}: {errors.strip() or output.strip()}")
    total, microseconds, p50, p99, refused, broken = map(int, found.groups())
    return Run(total, microseconds / 1e6, p50 / 1000, p99 / 1000, refused, broken)
