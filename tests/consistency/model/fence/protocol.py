"""The decisions of the fence protocol, and the faults of its worlds."""

from dataclasses import dataclass
from enum import Enum


class Call(Enum):
    """A call of a writer that may be lost on its way to Redis."""

    RAISE = "raise"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The decisions of the protocol. The defaults are the product's; `mutants` says what each one prevents."""

    raises_before_commit: bool = True
    confirms: bool = True
    replay_confirms: bool = True
    locks_revision: bool = True
    raise_creates: bool = True
    raise_keeps_maximum: bool = True
    raise_drops_variants: bool = True
    raise_renews_ttl: bool = True
    raise_renews_ttl_unmoved: bool = True
    open_renews_ttl: bool = False
    opens_before_query: bool = True
    queries_in_one_statement: bool = True
    queries_primary: bool = True
    leases_are_fresh: bool = True
    fill_compares_lease: bool = True
    fill_compares_fence: bool = True
    fill_drops_variants: bool = True
    hit_compares_fence: bool = True
    publishes_before_record: bool = True
    records_what_it_published: bool = True
    doubts_after_restart: bool = True
    doubts_after_death: bool = True

    @property
    def refuses_for_ever(self) -> bool:
        """Whether a fill that would be refused now would be refused at any later moment."""
        return (
            self.fill_compares_lease
            and self.fill_compares_fence
            and self.raise_keeps_maximum
            and self.opens_before_query
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Who takes part, and which faults befall them."""

    commits: int
    writers: int = 2
    readers: int = 3
    variants: int = 2
    workers: int = 1
    wipes: bool = False
    lost: frozenset[Call] = frozenset()
    restarts: int = 0
