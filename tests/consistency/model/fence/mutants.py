"""The protocol with one decision at a time turned the wrong way; the search must find out each of them.

Only the comparison of a hit is turned together with another decision, as either of the two suffices alone.
"""

from tests.consistency.model.explore import Mutant
from tests.consistency.model.fence.claims import CALM, RESTARTED, WIPED
from tests.consistency.model.fence.model import Model
from tests.consistency.model.fence.promises import Promise
from tests.consistency.model.fence.protocol import Protocol

MUTANTS = (
    Mutant(
        "raise-after-commit",
        "Between the two, readers see the new list in the database while older values are still hits; if the "
        "writer dies there, they stay hits until the worker comes.",
        Model(Protocol(raises_before_commit=False), CALM),
        Promise.FRESH,
        ("fills", "commits"),
    ),
    Mutant(
        "no-confirmation",
        "A wipe between raise and COMMIT forgets the raise, so a result of before the commit may be stored and "
        "outlive the acknowledgement.",
        Model(Protocol(confirms=False), WIPED),
        Promise.ACKNOWLEDGED,
        ("writer 1 raises", "wiped", "fills", "commits", "acknowledges"),
    ),
    Mutant(
        "replay-without-confirmation",
        "The answer to a repeated request acknowledges a write that its writer may not have confirmed, or not yet.",
        Model(Protocol(replay_confirms=False), WIPED),
        Promise.ACKNOWLEDGED,
        ("wiped", "fills", "commits", "finds it done", "acknowledges"),
    ),
    Mutant(
        "revision-not-locked",
        "Two writers take the same revision, so that two different lists carry it and the fence cannot tell them "
        "apart.",
        Model(Protocol(locks_revision=False), CALM),
        Promise.FRESH,
        ("takes revision 1", "takes revision 1", "commits", "fills", "commits"),
    ),
    Mutant(
        "raise-needs-the-hash",
        "A raise that finds no hash leaves no mark, so a reader that comes between raise and COMMIT opens at "
        "fence 0 and may store what it read.",
        Model(Protocol(raise_creates=False), CALM),
        Promise.FRESH,
        ("writer 1 raises", "opens: fence 0", "queries: content 0", "fills", "commits"),
    ),
    Mutant(
        "raise-assigns",
        "The worker, or a confirmation, may come late and lower the fence that the next writer has raised.",
        Model(Protocol(raise_keeps_maximum=False), CALM),
        Promise.FRESH,
        ("queries: content 1", "raises the fence to 2", "confirms 1", "fills"),
    ),
    Mutant(
        "raise-keeps-variants",
        "No hit, but room: 32 values that can never be hits again leave none for those that can.",
        Model(Protocol(raise_drops_variants=False), CALM),
        Promise.ROOM,
        ("fills", "writer 1 raises"),
    ),
    Mutant(
        "raise-leaves-the-ttl",
        "The hash may expire between raise and COMMIT, which is a wipe at the worst moment and needs no fault.",
        Model(Protocol(raise_renews_ttl=False), CALM),
        Promise.FRESH,
        ("writer 1 raises", "expires", "fills", "commits"),
    ),
    Mutant(
        "raise-renews-the-ttl-only-when-it-moves",
        "After a rollback the next writer takes the same revision, finds the fence there already, and would "
        "rely on a TTL that is about to end.",
        Model(Protocol(raise_renews_ttl_unmoved=False), CALM),
        Promise.FRESH,
        ("raises the fence to 1", "rolls back", "raises the fence to 1", "expires", "fills", "commits"),
    ),
    Mutant(
        "open-renews-the-ttl",
        "After a rollback the fence is above every revision; readers that miss would keep it there for ever.",
        Model(Protocol(open_renews_ttl=True), CALM),
        Promise.UNSTUCK,
        ("raises the fence", "rolls back"),
    ),
    Mutant(
        "open-after-query",
        "The lease then proves only that the hash has lived since the query ended, not since it began.",
        Model(Protocol(opens_before_query=False), CALM),
        Promise.FRESH,
        ("queries: content 0", "commits", "expires", "opens", "fills"),
    ),
    Mutant(
        "query-in-two-statements",
        "A commit between them gives old rows the new revision.",
        Model(Protocol(queries_in_one_statement=False), CALM),
        Promise.FRESH,
        ("queries the rows: content 0", "commits", "queries the revision: content 0 as revision 1", "fills"),
    ),
    Mutant(
        "query-on-a-replica",
        "A replica that lags shows an old state to a reader that opened after the fence was forgotten.",
        Model(Protocol(queries_primary=False), CALM),
        Promise.FRESH,
        ("commits", "opens: fence 0", "queries: content 0", "fills"),
    ),
    Mutant(
        "leases-repeat",
        "A reader that opened before a wipe passes for one that opened after it, as with a lease drawn by Lua's "
        "math.random, which Redis seeds alike in every call.",
        Model(Protocol(leases_are_fresh=False), CALM),
        Promise.FRESH,
        ("queries: content 0", "commits", "expires", "opens", "fills"),
    ),
    Mutant(
        "fill-without-the-lease",
        "Once the hash is gone its fence is forgotten, and only the lease tells who read before that.",
        Model(Protocol(fill_compares_lease=False), CALM),
        Promise.FRESH,
        ("queries: content 0", "commits", "expires", "fills"),
    ),
    Mutant(
        "fill-without-the-fence",
        "A result of before the raise is stored after it.",
        Model(Protocol(fill_compares_fence=False), CALM),
        Promise.FRESH,
        ("queries: content 0", "writer 1 raises", "fills", "commits"),
    ),
    Mutant(
        "fill-keeps-variants",
        "When a wipe has undone a raise, it is a fill that moves the fence, and no raise drops what is below it.",
        Model(Protocol(fill_drops_variants=False), WIPED),
        Promise.ROOM,
        ("wiped", "fills", "commits", "fills"),
    ),
    Mutant(
        "hit-without-the-fence",
        "Neither is the older value dropped by the fill that moves the fence, nor by the confirmation, which finds "
        "the fence moved; so it must not be a hit.",
        Model(Protocol(hit_compares_fence=False, fill_drops_variants=False), WIPED),
        Promise.ACKNOWLEDGED,
        ("wiped", "fills", "commits", "fills", "confirms", "acknowledges"),
    ),
    Mutant(
        "record-before-publish",
        "A worker that dies between the two leaves a list recorded that was never published.",
        Model(Protocol(publishes_before_record=False), WIPED),
        Promise.COVERED,
        ("wiped", "fills", "commits", "records", "dies", "nothing to publish"),
    ),
    Mutant(
        "record-what-stands-there-now",
        "Recording the list's present revision instead of the published one skips a commit in between.",
        Model(Protocol(records_what_it_published=False), WIPED),
        Promise.COVERED,
        ("worker 1 raises the fence to 1", "commits content 2", "records", "nothing to publish"),
    ),
    Mutant(
        "restart-unnoticed",
        "An older Redis comes back with older values, and everything counts as published already.",
        Model(Protocol(doubts_after_restart=False), RESTARTED),
        Promise.COVERED,
        ("fills", "saves", "commits", "records", "restarts", "nothing to publish"),
    ),
    Mutant(
        "restart-forgotten",
        "A worker that starts anew takes the Redis it finds for the one that was published to.",
        Model(Protocol(doubts_after_death=False), RESTARTED),
        Promise.COVERED,
        ("fills", "saves", "commits", "restarts", "worker 1 dies", "nothing to publish"),
    ),
)
