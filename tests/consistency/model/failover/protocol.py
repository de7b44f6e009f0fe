"""The decisions of this room and the faults of its worlds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The decisions of the protocol. The defaults are the product's; `mutants` says what each one prevents."""

    # Histories
    revisions_by_clock: bool = True
    hash_has_history: bool = True
    foreign_raise_drops_value: bool = True
    foreign_keeps_fence: bool = True
    foreign_fill_stores_nothing: bool = True
    sweeps: bool = True
    sweeps_if_missing: bool = True
    sweep_renews: bool = True
    sweep_keeps_fence: bool = True
    confirms_history: bool = True
    asks_for_history: bool = True
    # Generations
    confirms_server: bool = True
    server_is_this_life: bool = True
    deletes_if_hidden: bool = True
    fresh_waits: bool = True
    claims_empty_only: bool = True
    tells_before_writing: bool = True
    wire_ends_run: bool = True
    generation_names_slots: bool = True
    # Announcing
    raises_before_commit: bool = True
    write_waits: bool = True
    bypass_waits: bool = True
    fill_always_raises: bool = True
    shows_after_fill: bool = True
    records_after_raise: bool = True
    note_ages: bool = True
    row_confirms: bool = True
    return_draws_id: bool = True
    returns_before_telling: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Who takes part, and which faults befall them.

    `readers`, `writers`, `bypasses` (it may take Redis for silent) and `cuts` (its wires may break by themselves) have
    a place for each process.
    """

    commits: int = 1
    readers: tuple[int, ...] = (0, 1)
    writers: tuple[int, ...] = (1, 0)
    bypasses: tuple[bool, ...] = (False, True)
    cuts: tuple[bool, ...] = (False, False)
    deaths: bool = False  # of processes; the worker may always die
    worker_cut: bool = False
    outsiders: bool = False  # commits that nobody announces, as by psql
    wipes: bool = False
    late: bool = False  # what the database has answered is handled at any later moment
    failovers: int = 0  # of PostgreSQL, which lose what the standby has not received
    clock_behind: bool = False  # the new server's, by more than the failover took
    promotions: int = 0  # of a replica of the last node, which lacks what it has not received
    hidden: bool = False  # servers do not say who they are
    outages: int = 0
    moves: int = 0  # of the list's slot
    nodes: int = 1
