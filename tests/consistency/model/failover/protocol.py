"""The decisions of this room and the faults of its worlds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The decisions of the protocol. The defaults are the product's; `mutants` says what each one prevents."""

    # Histories
    revisions_by_clock: bool = True
    renews_for_history: bool = True
    bypass_renews: bool = True
    # Generations
    hit_compares_generation: bool = True
    open_drops_foreign: bool = True
    open_keeps_fence: bool = True
    fill_compares_generation: bool = True
    compares_server: bool = True
    server_is_this_life: bool = True
    fresh_if_hidden: bool = True
    fresh_if_another: bool = True
    looks_again: bool = True
    gains_a_term: bool = True
    doubts_what_gains: bool = True
    # Announcing
    raises_before_commit: bool = True
    write_waits: bool = True
    bypass_waits: bool = True
    knows_what_is_committed: bool = True
    fill_always_raises: bool = True
    shows_after_fill: bool = True
    records_after_raise: bool = True
    # The note
    asks_note: bool = True
    fresh_asks_note: bool = True
    note_has_history: bool = True
    leaves_before_away: bool = True
    returns_before_publishing: bool = True
    publishes_before_reached: bool = True


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
    failovers: int = 0  # of PostgreSQL, which lose what the standby has not received
    clock_behind: bool = False  # the new server's, by more than the failover took
    promotions: int = 0  # of a replica of the last node, which lacks what it has not received
    hidden: bool = False  # servers do not say who they are
    outages: int = 0
    moves: int = 0  # of the list's slot
    nodes: int = 1
    first: int = 0  # the node that has the list's slot in the beginning
