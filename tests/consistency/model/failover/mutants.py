"""The protocol with one decision turned the wrong way; the search must find out each of them.

Three decisions are not here, as what they guard is guarded twice: the claims hold without them.
"""

from tests.consistency.model.explore import Mutant
from tests.consistency.model.failover import claims
from tests.consistency.model.failover.model import Model
from tests.consistency.model.failover.promises import Promise
from tests.consistency.model.failover.protocol import Protocol, World

MUTANTS = (
    Mutant(
        "revisions-count",
        "The new server gives a lost revision again, and with it a lost ETag.",
        Model(Protocol(revisions_by_clock=False), claims.FAILED_OVER_TWICE_WRITTEN),
        Promise.UNIQUE,
        ("commits content 1 as revision 1", "fails over", "commits content 2 as revision 1"),
    ),
    Mutant(
        "hash-without-history",
        "An answer of the old server that is late is stored under a lease that the sweep has left alone.",
        Model(Protocol(hash_has_history=False), claims.FAILED_OVER_PSQL),
        Promise.SWEPT,
        ("queries: content 1", "fails over", "fills and answers content 1"),
    ),
    Mutant(
        "foreign-raise-keeps-the-value",
        "Where the new clock is behind, the fence stays where the lost write has put it, and the hash counts as new.",
        Model(Protocol(foreign_raise_drops_value=False), claims.BEHIND),
        Promise.SWEPT,
        ("fills and answers content 1", "fails over", "writes the generation"),
    ),
    Mutant(
        "foreign-fill-stores",
        "A hash that was opened before the failover and filled after it belongs to the new history under the lease of "
        "both; so a lost answer is stored after the sweep.",
        Model(Protocol(foreign_fill_stores_nothing=False), claims.FAILED_OVER_PSQL),
        Promise.SWEPT,
        ("queries: content 1", "fails over", "fills and answers content 0", "fills and answers content 1"),
    ),
    Mutant(
        "no-sweep",
        "What was lost did not change lately, so nobody would tell Redis.",
        Model(Protocol(sweeps=False), claims.FAILED_OVER),
        Promise.SWEPT,
        ("fills and answers content 1", "fails over", "writes the generation"),
    ),
    Mutant(
        "sweep-leaves-the-lease",
        "A late answer of the old server is stored after the sweep.",
        Model(Protocol(sweep_renews=False), claims.FAILED_OVER),
        Promise.SWEPT,
        ("queries: content 1", "fails over", "sweeps", "fills and answers content 1"),
    ),
    Mutant(
        "no-sweep-without-a-generation",
        "A generation that is gone does not say what was swept.",
        Model(Protocol(sweeps_if_missing=False), claims.HIDDEN_FAILED_OVER),
        Promise.SWEPT,
        ("process 1 connects", "fails over", "finds another generation", "writes the generation"),
    ),
    Mutant(
        "reads-through-a-failover",
        "Who was shown the new history is then shown the lost one.",
        Model(Protocol(confirms_history=False), claims.FAILED_OVER),
        Promise.MET,
        ("fails over", "content 0"),
    ),
    Mutant(
        "last-answer-counts",
        "An answer of the old server that is late leads a process back to the lost history.",
        Model(Protocol(asks_for_history=False), claims.LATE),
        Promise.MET,
        ("fails over", "queries", "has its answer"),
    ),
    Mutant(
        "confirmed-by-the-key-alone",
        "The replica has the key as well.",
        Model(Protocol(confirms_server=False), claims.PROMOTED),
        Promise.STRICT,
        ("acknowledges", "promoted", "confirms"),
    ),
    Mutant(
        "server-keeps-its-name",
        "A server that was replaced and is promoted again calls itself as in the key, which it has from its own first "
        "life, and lacks what the other was told.",
        Model(Protocol(server_is_this_life=False), claims.PROMOTED_TWICE),
        Promise.STRICT,
        ("promoted", "promoted", "confirms"),
    ),
    Mutant(
        "hidden-server-trusted",
        "Where servers do not say who they are, a replica's key cannot be told from its primary's.",
        Model(Protocol(deletes_if_hidden=False), claims.HIDDEN),
        Promise.STRICT,
        ("acknowledges", "promoted", "confirms"),
    ),
    Mutant(
        "fresh-process-reads-at-once",
        "A process that starts during a failover reads what the replica has.",
        Model(Protocol(fresh_waits=False), claims.STARTING),
        Promise.STRICT,
        ("dies and starts", "connects"),
    ),
    Mutant(
        "claims-a-redis-with-data",
        "A missing generation does not say that nothing is stale; an empty Redis does.",
        Model(Protocol(claims_empty_only=False), claims.HIDDEN),
        Promise.STRICT,
        ("promoted", "makes the generation", "confirms"),
    ),
    Mutant(
        "generation-before-telling",
        "The new server is read before it was told.",
        Model(Protocol(tells_before_writing=False), claims.PROMOTED),
        Promise.STRICT,
        ("promoted", "writes the generation", "confirms"),
    ),
    Mutant(
        "run-outlives-its-wire",
        "What was told to one server, or listed before it was promoted, is written to the next.",
        Model(Protocol(wire_ends_run=False), claims.PROMOTED_TWICE),
        Promise.STRICT,
        ("the worker", "promoted", "writes the generation", "confirms"),
    ),
    Mutant(
        "generation-of-all-slots",
        "A slot that leaves a master which was not told yet takes its hashes to one that was.",
        Model(Protocol(generation_names_slots=False), claims.MOVED_PROMOTED),
        Promise.STRICT,
        ("promoted", "the slot moves"),
    ),
    Mutant(
        "acknowledges-without-waiting",
        "One process is cut off and the others serve what they have.",
        Model(Protocol(write_waits=False), claims.CUT_OFF),
        Promise.STRICT,
        ("commits content 1", "fills and answers content 0"),
    ),
    Mutant(
        "bypass-without-waiting",
        "What is shown past the cache may be announced to nobody.",
        Model(Protocol(bypass_waits=False), claims.BYPASSED),
        Promise.STRICT,
        ("commits", "fills and answers content 0", "past the cache: content 1"),
    ),
    Mutant(
        "refused-fill-raises-nothing",
        "The answer is shown, and what an eviction let in beneath it stays a hit.",
        Model(
            Protocol(fill_always_raises=False),
            World(readers=(2,), writers=(0,), bypasses=(False,), cuts=(False,), outsiders=True, wipes=True),
        ),
        Promise.STRICT,
        ("evicted", "fills and answers content 0", "fills and answers content 1"),
    ),
    Mutant(
        "shows-before-the-fill",
        "Somebody knows the new state while the old one is a hit.",
        Model(Protocol(shows_after_fill=False), claims.PSQL),
        Promise.STRICT,
        ("psql commits", "queries: content 1"),
    ),
    Mutant(
        "recorded-before-the-raise",
        "Whoever waits for the record takes it for an announcement.",
        Model(Protocol(records_after_raise=False), claims.BYPASSED),
        Promise.STRICT,
        ("the worker records 1",),
    ),
    Mutant(
        "note-counts-at-once",
        "Redis may be back before the worker notes that it was away, or another process may not have missed it.",
        Model(Protocol(note_ages=False), claims.SILENT),
        Promise.STRICT,
        ("notes Redis away", "finds Redis noted away and acknowledges"),
    ),
    Mutant(
        "row-not-asked",
        "Redis returns as it was, generation included, and lacks what was acknowledged meanwhile.",
        Model(Protocol(row_confirms=False), claims.SILENT),
        Promise.STRICT,
        ("finds Redis noted away and acknowledges", "answers again", "confirms"),
    ),
    Mutant(
        "return-draws-no-id",
        "Once the worker has taken its note back, the generation of before fits again.",
        Model(Protocol(return_draws_id=False), claims.SILENT),
        Promise.STRICT,
        ("finds Redis noted away and acknowledges", "notes that Redis is there", "confirms"),
    ),
    Mutant(
        "return-noted-last",
        "A write that is acknowledged by the note after the worker has listed what to tell is told to nobody.",
        Model(Protocol(returns_before_telling=False), claims.SILENT),
        Promise.STRICT,
        ("the worker lists", "finds Redis noted away and acknowledges", "writes the generation", "confirms"),
    ),
)
