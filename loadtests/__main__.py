"""`python -m loadtests`: the load test against HOST, or against an embedded stack that is started for it and stopped.

USERS, RATE (users started per second), TIME (90s, 10m), THINK (seconds between a user's requests) and HOST with
BETTER_AUTH_SECRET come from the environment; `ui` shows locust's page instead of running at once.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from core.errors import ConfigurationError, TasklaneError
from loadtests.bench.stage.machine import Cores
from loadtests.bench.stage.stage import stage

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
REPORT = Path(".local") / "load" / "report.html"
USERS, RATE, TIME = "100", "20", "60s"
DEFAULT_LIMITS = dict.fromkeys(("LIMIT_READS_RATE", "LIMIT_READS_BURST", "LIMIT_WRITES_RATE", "LIMIT_WRITES_BURST"), "")
INTERRUPTED = 130
STOPPED = 143


def main(arguments: list[str]) -> int:
    """Locust's exit code: 0 only if every answer was right."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))
    environment = {name: value for name, value in os.environ.items() if value}
    ui = "ui" in arguments
    try:
        if host := environment.get("HOST"):
            if not host.startswith(("http://", "https://")):
                raise ConfigurationError("HOST is the base URL of the service, as in http://127.0.0.1:8000")
            return locust(host.rstrip("/"), environment, ui=ui)
        print("starting the embedded stack", flush=True)
        with stage(Cores(None, None)) as on:
            api = on.tasklane(**DEFAULT_LIMITS)
            on.worker()
            return locust(api.url, {**environment, "BETTER_AUTH_SECRET": on.secret}, ui=ui)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (TasklaneError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def locust(host: str, environment: Mapping[str, str], *, ui: bool) -> int:
    """Run locust in this terminal; Ctrl-C is its to handle."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", host, "--only-summary"]
    command += ["--users", environment.get("USERS", USERS), "--spawn-rate", environment.get("RATE", RATE)]
    if ui:
        command += ["--web-host", "127.0.0.1"]
    else:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        command += ["--headless", "--run-time", environment.get("TIME", TIME), "--stop-timeout", "10s"]
        command += ["--html", str(REPORT)]
    process = subprocess.Popen(command, env=dict(environment))
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        process.terminate()
        process.wait()
    if not ui:
        print(f"\n{'Every answer was right.' if code == 0 else 'FAILED.'} The report: {REPORT}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
