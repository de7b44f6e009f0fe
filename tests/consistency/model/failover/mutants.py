"""The protocol with one decision turned the wrong way; the search must find out each of them.

Two decisions are not here, as what they guard is guarded twice: the claims hold without them.
"""

from tests.consistency.model.explore import Mutant
from tests.consistency.model.failover import claims
from tests.consistency.model.failover.model import Model
from tests.consistency.model.failover.promises import Promise
from tests.consistency.model.failover.protocol import Protocol

MUTANTS = (
    Mutant(
        "revisions-count",
        "The new server gives a lost revision again, and with it a lost ETag.",
        Model(Protocol(revisions_by_clock=False), claims.NUMBERED),
        Promise.UNIQUE,
        ("commits content 1 as revision 1", "fails over", "commits content 2 as revision 1"),
    ),
    Mutant(
        "generation-outlives-its-history",
        "Who has shown the new history is then shown the lost one.",
        Model(Protocol(renews_for_history=False), claims.FAILED_OVER),
        Promise.MET,
        ("fails over", "content 0"),
    ),
    Mutant(
        "bypass-renews-nothing",
        "What was shown past the cache was of another history, and the generation stays, or is adopted, as it was.",
        Model(Protocol(bypass_renews=False), claims.FAILED_OVER_CUT_OFF),
        Promise.MET,
        ("fails over", "past the cache: content 0", "answers"),
    ),
    Mutant(
        "fill-under-another-generation",
        "A generation that lost its history has taken on the new one meanwhile; so a late answer of the lost history "
        "counts as of the new one.",
        Model(Protocol(fill_compares_generation=False), claims.FAILED_OVER_EVICTED),
        Promise.MET,
        ("the generation is evicted", "queries: content 1", "fails over", "renews", "fills and answers content 1"),
    ),
    Mutant(
        "hit-of-any-generation",
        "What a replica brings along may have missed raises.",
        Model(Protocol(hit_compares_generation=False), claims.PROMOTED),
        Promise.STRICT,
        ("acknowledges", "promoted", "may read"),
    ),
    Mutant(
        "open-takes-what-it-finds",
        "No hit, and never one again: what is stored is of a generation that is none any more.",
        Model(Protocol(open_drops_foreign=False), claims.PROMOTED),
        Promise.CACHED,
        ("opens", "promoted"),
    ),
    Mutant(
        "open-forgets-the-fence",
        "Where the new clock is behind, a revision is given again, and what the worker records of the lost one passes "
        "for an announcement of the new one; only the fence knows better.",
        Model(Protocol(open_keeps_fence=False), claims.BEHIND),
        Promise.STRICT,
        ("fails over", "opens: fence 0", "fills and answers content 0", "finds 1 published and acknowledges"),
    ),
    Mutant(
        "any-server",
        "A process that has just started does not know that Redis was another one; the key does.",
        Model(Protocol(compares_server=False), claims.STARTING),
        Promise.STRICT,
        ("acknowledges", "promoted", "may read"),
    ),
    Mutant(
        "server-keeps-its-name",
        "A server that is promoted again finds its own name in the key, of its first life, and lacks what the other "
        "was told; a process that has not met the other cannot know.",
        Model(Protocol(server_is_this_life=False), claims.PROMOTED_TWICE),
        Promise.STRICT,
        ("promoted", "promoted", "may read"),
    ),
    Mutant(
        "hidden-server-trusted",
        "Where servers do not say who they are, a replica's key cannot be told from its primary's.",
        Model(Protocol(fresh_if_hidden=False), claims.HIDDEN),
        Promise.STRICT,
        ("acknowledges", "promoted", "may read"),
    ),
    Mutant(
        "looks-once",
        "Who connects begins a generation there, and two processes with two void each other's answers for ever.",
        Model(Protocol(looks_again=False), claims.HIDDEN),
        Promise.CACHED,
        ("promoted",),
    ),
    Mutant(
        "slot-without-a-term",
        "A slot that comes back brings along what was cached before it left, and what was raised meanwhile was lost "
        "with the master where it was.",
        Model(Protocol(gains_a_term=False), claims.MOVED_THERE_AND_BACK),
        Promise.STRICT,
        ("moves to node 2", "promoted", "moves to node 1"),
    ),
    Mutant(
        "given-slot-not-doubted",
        "Who reads on knows the master by the generation of before, until it looks again.",
        Model(Protocol(doubts_what_gains=False), claims.MOVED_THERE_AND_BACK),
        Promise.STRICT,
        ("moves to node 2", "promoted", "moves to node 1"),
    ),
    Mutant(
        "acknowledges-without-waiting",
        "One process is cut off, and the others serve what they have.",
        Model(Protocol(write_waits=False), claims.CUT_OFF),
        Promise.STRICT,
        ("commits content 1", "fills and answers content 0"),
    ),
    Mutant(
        "bypass-without-waiting",
        "What is shown past the cache may be announced to nobody.",
        Model(Protocol(bypass_waits=False), claims.BYPASSED),
        Promise.STRICT,
        ("commits content 1", "past the cache: content 1"),
    ),
    Mutant(
        "knows-what-is-not-committed",
        "An eviction forgets what was told before COMMIT; who remembers it takes it for an announcement.",
        Model(Protocol(knows_what_is_committed=False), claims.EVICTED_BYPASSED),
        Promise.STRICT,
        ("writer 1 raises", "evicted", "fills and answers content 0", "knows 1 told"),
    ),
    Mutant(
        "refused-fill-raises-nothing",
        "The answer is shown, and what an eviction let in beneath it stays a hit.",
        Model(Protocol(fill_always_raises=False), claims.PSQL),
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
        "note-not-asked",
        "Redis returns as it was, and lacks what was acknowledged meanwhile.",
        Model(Protocol(asks_note=False), claims.SILENT),
        Promise.STRICT,
        ("finds Redis noted away and acknowledges", "answers again", "may read"),
    ),
    Mutant(
        "fresh-process-reads-at-once",
        "A process that starts during the outage knows least of all that there was one.",
        Model(Protocol(fresh_asks_note=False), claims.SILENT_STARTING),
        Promise.STRICT,
        ("finds Redis noted away and acknowledges", "answers again", "connects"),
    ),
    Mutant(
        "note-of-any-history",
        "The note is lost with the tail, and what was acknowledged by it is not.",
        Model(Protocol(note_has_history=False), claims.SILENT_FAILED_OVER),
        Promise.STRICT,
        ("finds Redis noted away and acknowledges", "fails over", "may read"),
    ),
    Mutant(
        "away-at-once",
        "Redis may answer between the worker's decision and its note, and whoever connects then, or was never "
        "disconnected, reads.",
        Model(Protocol(leaves_before_away=False), claims.SILENT),
        Promise.STRICT,
        ("notes AWAY", "finds Redis noted away and acknowledges"),
    ),
    Mutant(
        "away-until-reached",
        "A write that is acknowledged by the note after the worker has listed what to publish is told to nobody.",
        Model(Protocol(returns_before_publishing=False), claims.SILENT),
        Promise.STRICT,
        ("the worker lists", "finds Redis noted away and acknowledges", "notes REACHED", "may read"),
    ),
    Mutant(
        "reached-before-publishing",
        "What was acknowledged by the note is told to nobody before all read again.",
        Model(Protocol(publishes_before_reached=False), claims.SILENT),
        Promise.STRICT,
        ("finds Redis noted away and acknowledges", "notes REACHED", "may read"),
    ),
)
