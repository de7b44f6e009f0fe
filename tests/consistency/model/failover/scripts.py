"""What the scripts do to the user's hash, each in one step of Redis."""

from tests.consistency.model.failover.protocol import Protocol
from tests.consistency.model.failover.state import NO_HISTORY, NOTHING, Answer, Hash


def opened(hash_: Hash | None, lease: int) -> Hash:
    """The hash as it is, or a new one, of no history yet."""
    return hash_ or Hash(0, lease, NO_HISTORY, NOTHING)


def raised(protocol: Protocol, hash_: Hash | None, revision: int, history: int, lease: int) -> Hash:
    """Nothing below the revision is a hit any more, nor anything of another history."""
    if hash_ is None:
        return Hash(revision, lease, history, NOTHING)
    if _is_foreign(protocol, hash_, history):
        fence = max(hash_.fence, revision) if protocol.foreign_keeps_fence else revision
        return Hash(fence, lease, history, NOTHING if protocol.foreign_raise_drops_value else hash_.value)
    if revision <= hash_.fence:
        return hash_
    return Hash(revision, hash_.lease, history, NOTHING)


def filled(protocol: Protocol, hash_: Hash | None, opened_as: int, answer: Answer, lease: int) -> Hash | None:
    """The answer is a hit from now on; or at least nothing older is."""
    value, history = answer.value, answer.history
    if hash_ is not None and hash_.lease == opened_as and value.revision >= hash_.fence:
        if not _is_foreign(protocol, hash_, history):
            return Hash(value.revision, hash_.lease, history, value)
        if not protocol.foreign_fill_stores_nothing:
            return Hash(value.revision, lease, history, value)
    if not protocol.fill_always_raises:
        return hash_
    return raised(protocol, hash_, value.revision, history, lease)


def swept(protocol: Protocol, hash_: Hash | None, history: int, lease: int) -> Hash | None:
    """Nothing of another history is left but the fence."""
    if hash_ is None or hash_.history == history:
        return hash_
    if not protocol.sweep_keeps_fence:
        return None
    if not protocol.sweep_renews:
        return hash_._replace(value=NOTHING)
    return Hash(hash_.fence, lease, history, NOTHING)


def _is_foreign(protocol: Protocol, hash_: Hash, history: int) -> bool:
    return protocol.hash_has_history and hash_.history not in (NO_HISTORY, history)
