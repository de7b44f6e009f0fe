"""What PostgreSQL itself can do: pgbench sends the very messages that a create sends."""

import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

from loadtests.bench.measure import BenchFailed, Sample, replay_once
from loadtests.bench.stage import traffic
from loadtests.bench.stage.machine import pinned
from loadtests.bench.stage.stage import Stage

CAPTURED = "writer-captured"
_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \S+ \S+ \[(\d+)\] LOG:  statement: ", re.MULTILINE)
_TPS = re.compile(r"^tps = (\S+) \(without initial connection time\)", re.MULTILINE)


def capture_create(on: Stage) -> list[str]:
    """The messages of one create as PostgreSQL received them, from a process that is started for it."""
    server = on.tasklane("captured", PGOPTIONS="-c log_statement=all")
    begins = on.postgres.log.stat().st_size
    request = traffic.raw("POST", "/api/tasks", traffic.token(CAPTURED, on.secret), body=traffic.new_task(1))
    # Once to make the list: what is repeated is a create in a list that is there.
    replay_once(server, [request])
    replay_once(server, [request])
    server.stop()
    transactions = list(_transactions(on.postgres.log.read_bytes()[begins:].decode()))
    if not transactions:
        raise BenchFailed("PostgreSQL's log shows no create: its messages are not simple queries")
    return transactions[-1]


def _transactions(log: str) -> Iterator[list[str]]:
    """What each connection said from a message that names the captured user up to COMMIT."""
    entries = list(_ENTRY.finditer(log))
    open_: dict[str, list[str]] = {}
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        text = log[entry.end() : following.start() if following else len(log)]
        message = text.split("\n20")[0].replace("\n\t", "\n").strip()
        if "BEGIN" in message and CAPTURED in message:
            open_[entry[1]] = [message]
        elif entry[1] in open_:
            open_[entry[1]].append(message)
            if message.startswith("COMMIT"):
                yield open_.pop(entry[1])


def script(messages: list[str]) -> str:
    """A pgbench script that sends each message whole, for another user each time, with the spread of the others."""
    sent = (_as_one(message).replace(CAPTURED, "writer-:user") for message in messages)
    draw = f"\\set user random_zipfian(1, {traffic.USERS}, {traffic.ZIPF_EXPONENT})"
    return "\n".join([draw, *(f"{message};" for message in sent), ""])


def _as_one(message: str) -> str:
    r"""`\;` separates statements that pgbench is to send together."""
    parts = re.split(r"('(?:[^']|'')*')", message.rstrip().rstrip(";"))
    return "".join(part if part.startswith("'") else part.replace(";", "\\;") for part in parts)


def pgbench(on: Stage, file: Path, *, clients: int, seconds: int, number: int) -> Sample:
    """One measurement; pgbench stands where the service stands otherwise."""
    program = Path(psutil.Process(on.postgres.pid).exe()).with_name("pgbench")
    prefix = on.folder / "pgbench"
    for old in on.folder.glob("pgbench.*"):
        old.unlink()
    command = [str(program), "-n", "-M", "simple", "-j", "1", "-c", str(clients), "-T", str(seconds)]
    command += ["-f", str(file), "-l", f"--log-prefix={prefix}", on.database_url]
    with pinned(on.cores.service):
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    found = _TPS.search(result.stdout)
    if result.returncode or not found:
        raise BenchFailed(f"pgbench: {result.stderr.strip()[-400:]}")
    latencies = sorted(
        int(line.split()[2]) / 1000 for log in on.folder.glob("pgbench.*") for line in log.read_text().splitlines()
    )
    p99 = latencies[min(len(latencies) - 1, round(len(latencies) * 0.99))]
    return Sample("pgbench create", clients, number, float(found[1]), statistics.median(latencies), p99)
