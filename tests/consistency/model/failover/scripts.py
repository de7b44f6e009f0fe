"""What the scripts do, each in one step of Redis."""

from tests.consistency.model.failover.protocol import Protocol
from tests.consistency.model.failover.state import NO_HISTORY, NOTHING, Generation, Hash, Value


def present(
    protocol: Protocol, found: Generation | None, server: int, history: int, *, fresh: bool, new_id: int
) -> Generation:
    """The generation as it is, or another, if it is of another server or history, or must be `fresh`.

    `history` is the one that it must have, if any.
    """
    same = found is not None and (found.server == server or not protocol.compares_server) and not fresh
    was = found.history if found else NO_HISTORY
    if found and same and (history in (NO_HISTORY, was) or not protocol.renews_for_history):
        return found
    id_ = found.id if found and same and was == NO_HISTORY else new_id
    return Generation(id_, server, history or was)


def opened(protocol: Protocol, hash_: Hash | None, id_: int, lease: int) -> Hash:
    """The hash as it is if it is of this generation; else without its values, and under a lease of this one."""
    if hash_ is None:
        return Hash(0, lease, id_, NOTHING)
    if hash_.id == id_ or not protocol.open_drops_foreign:
        return hash_
    return Hash(hash_.fence if protocol.open_keeps_fence else 0, lease, id_, NOTHING)


def raised(hash_: Hash | None, revision: int, id_: int, lease: int) -> Hash:
    """Nothing below the revision is a hit any more."""
    if hash_ is None:
        return Hash(revision, lease, id_, NOTHING)
    return hash_ if revision <= hash_.fence else hash_._replace(fence=revision, value=NOTHING)


def filled(protocol: Protocol, hash_: Hash | None, opened_as: int, value: Value, fresh: tuple[int, int]) -> Hash | None:
    """The value is a hit from now on; or at least nothing older is. `fresh` is what a new hash begins with."""
    id_, lease = fresh
    if hash_ is not None and value.revision < hash_.fence:
        return hash_
    is_present = hash_ is not None and (hash_.id == id_ or not protocol.fill_compares_generation)
    stores = hash_ is not None and hash_.lease == opened_as and is_present
    if not stores and not protocol.fill_always_raises:
        return hash_
    after = raised(hash_, value.revision, id_, lease)
    return after._replace(value=value) if stores else after
