"""One whole run: everything is started, every contestant measured in turn, and what was found is handed back."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import redis

from loadtests.bench import life, paging
from loadtests.bench.costs import calendars, ceiling, idle, masters, probes, writes
from loadtests.bench.costs.writes import Writes
from loadtests.bench.measure import BenchFailed, Sample, Scenario, one_round, replay_once
from loadtests.bench.report.figures import MAIN
from loadtests.bench.stage import traffic
from loadtests.bench.stage.machine import Cores, Machine
from loadtests.bench.stage.stage import Server, Stage, Worker, seed, server_versions, stage
from loadtests.bench.stage.wrk import run as run_wrk

DRAWN = 20_000
"""Requests in a file; then it begins again."""

WARMING_ROUNDS = 10
MISSES = 120_000
"""Questions that are not asked before; more than one measurement can get through."""

FIRST_TASKS = "SELECT user_id, min(id) FROM tasks WHERE user_id LIKE 'writer-%%' GROUP BY user_id"

HOP_BY_HOP = ("date", "server", "connection", "keep-alive", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class Options:
    rounds: int
    seconds: int
    connections: tuple[int, ...]
    only: tuple[str, ...] = ()
    probes: bool = True
    verbose: bool = False
    before: Path | None = None
    """Another checkout of the service, an earlier one, to compare writes with."""


@dataclass
class Report:
    """Everything that was found; what could not be is absent, and `notes` says why."""

    machine: Machine
    options: Options
    pinned: bool
    began: str
    samples: list[Sample] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """Megabytes of the API process after its start, and after each round."""
    answer_bytes: int = 0
    redis_bytes: float = 0.0
    """Of Redis's memory per cached list of 20 tasks."""
    user_bytes: float = 0.0
    """Of PostgreSQL's disk per user with 20 tasks, indexes and list row included."""
    big_list: probes.BigList | None = None
    depths: list[paging.Depth] = field(default_factory=list)
    export: paging.Export | None = None
    stampedes: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By the number of processes: how many asked, how many queries that made."""
    published_per_second: float | None = None
    processes: tuple[float, float] | None = None
    idle_bytes: idle.Idle | None = None
    shards: dict[str, masters.Shards] = field(default_factory=dict)
    grown: life.Life | None = None
    writes: Writes = field(default_factory=Writes)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        options = asdict(self.options)
        del options["before"]  # a folder of this machine
        return {**asdict(self), "options": options, "samples": [sample.as_json() for sample in self.samples]}


def bench(options: Options, say: Callable[[str], None]) -> Report:
    """Raises `BenchFailed`, `WrkFailed` or `ChildFailed`; nothing that it has started is left in any case."""
    cores = Cores.choose()
    say("starting PostgreSQL, Redis and everyone who is measured")
    with stage(cores) as on:
        seed(on)
        report = Report(
            Machine.look(**server_versions(on)),
            options,
            cores.service is not None,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        if not report.pinned:
            report.notes.append("This system cannot pin processes to cores, or has one only: the figures say little.")
        tasklane = on.tasklane()
        worker = on.worker()
        report.memory.append(probes.megabytes(tasklane.pid))
        requests = _Requests.make(on, tasklane)
        report.answer_bytes = len(requests.answer)
        report.redis_bytes, report.user_bytes = _sizes(on)
        scenarios = _scenarios(on, tasklane, requests, report.notes)
        if options.only:
            scenarios = [item for item in scenarios if item.name in options.only]
        _measure(on, report, scenarios, say)
        if options.probes:
            _probe(on, report, worker, requests, server=tasklane, say=say)
    return report


def _measure(on: Stage, report: Report, scenarios: Sequence[Scenario], say: Callable[[str], None]) -> None:
    options = report.options
    for scenario in scenarios:  # connections are opened, code is compiled, caches are warm
        run_wrk(scenario.server.url, scenario.requests, connections=MAIN, seconds=1, cores=on.cores)
    script = on.folder / "create.sql"
    with_ceiling = not options.only or "pgbench create" in options.only
    if with_ceiling:
        script.write_text(ceiling.script(ceiling.capture_create(on)))
    api = next((item.server for item in scenarios if item.server.name == "tasklane"), None)
    for number in range(options.rounds):
        began = time.monotonic()
        for sample in one_round(on, scenarios, connections=options.connections, number=number, seconds=options.seconds):
            report.samples.append(sample)
            if options.verbose:
                say(_line(sample))
        for clients in sorted({1, MAIN} & set(options.connections)) if with_ceiling else ():
            report.samples.append(ceiling.pgbench(on, script, clients=clients, seconds=options.seconds, number=number))
        if api:
            report.memory.append(probes.megabytes(api.pid))
        say(f"round {number + 1} of {options.rounds} took {time.monotonic() - began:.0f} s")


def _probe(
    on: Stage, report: Report, worker: Worker, requests: "_Requests", *, server: Server, say: Callable[[str], None]
) -> None:
    """Each for itself: what could not be probed is told, and what was measured before is kept."""
    seconds = report.options.seconds

    def big_list() -> None:
        paging.fill(on)
        report.big_list = probes.big_list(on, server, rounds=report.options.rounds, seconds=min(seconds, 2))

    def depth() -> None:
        with closing(paging.Reader(server, traffic.token(paging.OWNER, on.secret))) as reader:
            report.export = paging.export(reader, server.pid)
            report.depths = [paging.depth(reader, order, rounds=paging.ROUNDS) for order in paging.ORDERS]

    def stampedes() -> None:
        report.stampedes = {count: probes.stampede(on, processes=count) for count in (1, 2)}

    def second_process() -> None:
        requests.warm(server, requests.lists)
        report.processes = probes.second_process(on, server, requests.hit, seconds=seconds)

    def cluster() -> None:
        files = {"list hit": requests.hit, "create": requests.create}
        report.shards = masters.compared(
            on,
            files,
            lambda side: requests.warm(side, requests.lists),
            rounds=report.options.rounds,
            seconds=seconds,
        )

    def publishing() -> None:
        report.published_per_second = probes.publish_rate(on, worker)

    def in_a_grown_database() -> None:
        report.grown = life.measure(on, say)

    for probe in (
        big_list,
        depth,
        stampedes,
        second_process,
        _of_idle_connections(on, report),
        cluster,
        *_of_writes(on, report, requests, server),
        publishing,
        in_a_grown_database,
    ):
        name = probe.__name__.replace("_", " ")
        say(f"probing: {name}")
        try:
            probe()
        except RuntimeError as error:
            report.notes.append(f"Not probed: {name} ({error}).")


def _of_idle_connections(on: Stage, report: Report) -> Callable[[], None]:
    def idle_connections() -> None:
        report.idle_bytes = idle.idle(on)

    return idle_connections


def _of_writes(on: Stage, report: Report, requests: "_Requests", server: Server) -> Sequence[Callable[[], None]]:
    files = {"create": requests.create, "update": requests.update}
    options = report.options

    def system_calls() -> None:
        report.writes.calls = writes.system_calls(server, files)

    def the_build_before() -> None:
        if options.before is None:
            raise BenchFailed("--before names no other checkout")
        report.writes.faster = writes.compared(
            on, options.before, files, rounds=options.rounds, seconds=options.seconds
        )

    return system_calls, the_build_before


def _line(sample: Sample) -> str:
    used = ", ".join(f"{name} {value:.0f}" for name, value in sample.cpu.items())
    speed = f"{sample.rate:9,.0f}/s, p50 {sample.p50:.2f}, p99 {sample.p99:.2f} ms"
    rest = f"failed {sample.failed:.1%}, others {sample.others:.0%}"
    return f"  {sample.connections:3} {sample.scenario:26} {speed}, µs of CPU: {used}; {rest}"


def _sizes(on: Stage) -> tuple[float, float]:
    """After the lists were read once and before anything else is written."""
    with redis.Redis.from_url(on.redis.url) as client:
        sizes = [client.memory_usage(name) or 0 for name in client.scan_iter("tasklane:{reader-*:list")]
    tables = "pg_total_relation_size('tasks') + pg_total_relation_size('task_lists')"
    [(disk, tasks)] = on.sql(f"SELECT {tables}, (SELECT count(*) FROM tasks)")
    return sum(sizes) / max(len(sizes), 1), int(str(disk)) / int(str(tasks)) * traffic.TASKS


@dataclass(frozen=True, slots=True)
class _Requests:
    """The files that are replayed, and what warms the cache for them."""

    answer: bytes
    headers: list[tuple[str, str]]
    bodies: Mapping[str, bytes]
    lists: list[bytes]
    tasks: list[bytes]
    mirrors: list[bytes]
    calendars: calendars.Questions
    hit: Path
    elsewhere: Path
    unchanged: Path
    nothing_new: Path
    stand: Path
    sync: Path
    miss: Path
    task: Path
    create: Path
    update: Path

    @classmethod
    def make(cls, on: Stage, server: Server) -> "_Requests":
        """Asks for each list twice: the second answer is a hit, whose bytes the peers send as well."""
        readers, writers = traffic.readers(), traffic.writers()
        tokens = {user: traffic.token(user, on.secret) for user in (*readers, *writers)}
        lists = {user: traffic.raw("GET", "/api/tasks", tokens[user]) for user in readers}
        elsewhere = {user: traffic.raw("GET", "/api/tasks", tokens[user], origin=traffic.ORIGIN) for user in readers}
        questions = calendars.ask(server, readers, on.secret)  # which makes tokens: lists change by it
        cls.warm(server, list(lists.values()))
        answers = dict(zip(readers, replay_once(server, list(lists.values())), strict=True))
        status, headers, body = answers[readers[0]]
        if status != 200 or headers.get("x-cache") != "hit":
            raise BenchFailed(f"the second read of a list is no hit: {status} {headers}")
        newest = {user: json.loads(answer[2])[0]["id"] for user, answer in answers.items()}
        unchanged = {
            user: traffic.raw("GET", "/api/tasks", tokens[user], etag=answers[user][1]["etag"]) for user in readers
        }
        tasks = {user: traffic.raw("GET", f"/api/tasks/{newest[user]}", tokens[user]) for user in readers}
        cls.warm(server, list(tasks.values()))
        first = replay_once(server, [traffic.raw("GET", "/api/tasks/changes", tokens[user]) for user in readers])
        since = {user: json.loads(body)["next"] for user, (_, _, body) in zip(readers, first, strict=True)}
        mirrors = {
            user: traffic.raw("GET", f"/api/tasks/changes?since={since[user]}", tokens[user]) for user in readers
        }
        cls.warm(server, list(mirrors.values()))
        own = {str(user): number for user, number in on.sql(FIRST_TASKS)}
        reading = traffic.zipf(readers, DRAWN)
        writing = traffic.zipf(writers, DRAWN, seed=2)
        missing = traffic.list_variants(traffic.zipf(readers, MISSES, seed=3))
        new = [traffic.new_task(number) for number in range(97)]

        def file(name: str, requests: list[bytes]) -> Path:
            return traffic.write_file(on.folder / f"{name}.requests", requests)

        return cls(
            answer=body,
            headers=[item for item in headers.items() if item[0] not in HOP_BY_HOP],
            bodies={user: answer[2] for user, answer in answers.items()},
            lists=list(lists.values()),
            tasks=list(tasks.values()),
            mirrors=list(mirrors.values()),
            calendars=questions,
            hit=file("hit", [lists[user] for user in reading]),
            elsewhere=file("elsewhere", [elsewhere[user] for user in reading]),
            unchanged=file("unchanged", [unchanged[user] for user in reading]),
            nothing_new=file("nothing new", [mirrors[user] for user in reading]),
            stand=file("stand", [questions.stands[user] for user in reading]),
            sync=file("sync", [questions.nothing_new[user] for user in reading]),
            miss=file("miss", [traffic.raw("GET", path, tokens[user]) for user, path in missing]),
            task=file("task", [tasks[user] for user in reading]),
            create=file(
                "create",
                [
                    traffic.raw("POST", "/api/tasks", tokens[user], body=new[number % len(new)])
                    for number, user in enumerate(writing)
                ],
            ),
            update=file(
                "update",
                [
                    traffic.raw("PATCH", f"/api/tasks/{own[user]}", tokens[user], body={"title": f"Draft {number}"})
                    for number, user in enumerate(writing)
                ],
            ),
        )

    @staticmethod
    def warm(server: Server, requests: Sequence[bytes]) -> None:
        """Until each is a hit; on a busy machine Redis may not answer in time, and then nothing is stored."""
        left = requests
        for _ in range(WARMING_ROUNDS):
            answers = replay_once(server, left)
            left = [
                asked for asked, (_, headers, _) in zip(left, answers, strict=True) if headers.get("x-cache") != "hit"
            ]
            if not left:
                return
        raise BenchFailed(f"{len(left)} of {len(requests)} answers do not get into the cache")


def _scenarios(on: Stage, tasklane: Server, requests: _Requests, notes: list[str]) -> list[Scenario]:
    answer = on.folder / "answer.json"
    answer.write_text(json.dumps({"headers": requests.headers, "body": requests.answer.decode()}))
    on.fill_peers({f"tasks:{user}": body for user, body in requests.bodies.items()})
    orm = on.python_peer("orm", "orm")
    plain = on.tasklane("plain", DIRECT_HITS="false")

    def warm_lists() -> None:
        requests.warm(tasklane, requests.lists)

    def warm_plain() -> None:
        requests.warm(plain, requests.lists)

    def warm_tasks() -> None:
        requests.warm(tasklane, requests.tasks)

    def warm_mirrors() -> None:
        requests.warm(tasklane, requests.lists)  # nothing is stored of them: somebody must have seen the list
        requests.warm(tasklane, requests.mirrors)

    def warm_calendars() -> None:
        requests.warm(tasklane, list(requests.calendars.stands.values()))
        requests.warm(tasklane, list(requests.calendars.nothing_new.values()))

    scenarios = [
        Scenario("bare uvicorn", on.python_peer("bare", "bare", BENCH_ANSWER=str(answer)), requests.hit),
        Scenario("list hit", tasklane, requests.hit, warm_lists, "hit"),
        Scenario("list hit of a page elsewhere", tasklane, requests.elsewhere, warm_lists, "hit"),
        Scenario("list hit without the protocol", plain, requests.hit, warm_plain, "hit"),
        Scenario("304", tasklane, requests.unchanged, warm_lists, "hit"),
        Scenario("nothing new", tasklane, requests.nothing_new, warm_mirrors, "hit"),
        Scenario("calendar: its ctag", tasklane, requests.stand, warm_calendars, "hit"),
        Scenario("calendar: nothing new", tasklane, requests.sync, warm_calendars, "hit"),
        Scenario("single task", tasklane, requests.task, warm_tasks, "hit"),
        Scenario("list miss", tasklane, requests.miss, on.flush_cache, "miss"),
        Scenario("create", tasklane, requests.create),
        Scenario("update", tasklane, requests.update),
        Scenario("FastAPI + redis-py", on.python_peer("cached", "cached"), requests.hit),
        Scenario("FastAPI + SQLModel list", orm, requests.hit, may_stall=True),
        Scenario("FastAPI + SQLModel create", orm, requests.create, may_stall=True),
    ]
    fastify = on.fastify()
    if isinstance(fastify, str):
        notes.append(fastify)
    else:
        scenarios.insert(1, Scenario("Fastify", fastify, requests.hit))
    return scenarios
