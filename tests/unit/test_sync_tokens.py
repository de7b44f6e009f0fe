"""Tokens of a mirror: whose, of when, and what is no token at all."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Resynchronise
from core.tasks.sync import changes, token
from core.tasks.sync.token import Place, Token, decode, fingerprint
from core.types import MAX_TASK_ID, History, Revision, TaskId, UserId

ALICE, BOB = UserId("alice"), UserId("bob")
NOW = 1_795_871_122_352_589
LAST = Token.of(ALICE, History(NOW), Revision(NOW + 5))
BETWEEN = Token.of(ALICE, History(NOW), Revision(NOW + 5), Place(Revision(NOW), Revision(NOW + 1), TaskId(7)))

REVISIONS = st.integers(0, 2**63 - 1).map(Revision)
PLACES = st.builds(Place, REVISIONS, REVISIONS, st.integers(1, MAX_TASK_ID).map(TaskId))
TOKENS = st.builds(
    Token.of, st.text().map(UserId), st.integers(0, 2**63 - 1).map(History), REVISIONS, st.none() | PLACES
)


def sealed(content: bytes) -> str:
    """What has this content and a checksum that fits."""
    return base64.urlsafe_b64encode(content + token._checksum(content)).rstrip(b"=").decode()


def opened(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[:-4]


@given(TOKENS)
def test_what_was_encoded_comes_back(made: Token) -> None:
    """Whole, in characters that a query takes as they are, and short."""
    text = made.encode()
    assert decode(text) == made
    assert len(text) <= 80
    assert set(text) <= {*"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"}


def test_it_names_nobody() -> None:
    """Users are told apart by it, and not known by it."""
    assert fingerprint(ALICE) != fingerprint(BOB)
    assert b"alice" not in opened(LAST.encode())


@pytest.mark.parametrize("made", [LAST, BETWEEN], ids=["last", "between"])
def test_what_is_cut_or_mistyped_is_none(made: Token) -> None:
    """Each character counts."""
    text = made.encode()
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        for wrong in (text[:place], text[:place] + text[place + 1 :], text[:place] + other + text[place + 1 :]):
            with pytest.raises(ValueError, match="must be"):
                decode(wrong)


@pytest.mark.parametrize(
    "text",
    ["", "=", "A", "AAAA", "é", "a b", LAST.encode() + "=", LAST.encode() + "\n", "A" * 1000],
    ids=["empty", "padding", "short", "zeroes", "foreign", "space", "padded", "line", "long"],
)
def test_what_is_none_is_none(text: str) -> None:
    """Whoever sends it has made it up."""
    with pytest.raises(ValueError, match="must be"):
        decode(text)


@pytest.mark.parametrize(
    "forged",
    [
        Token(b"x" * 6, History(-1), Revision(1)),
        Token(b"x" * 6, History(1), Revision(-1)),
        Token(b"x" * 6, History(1), Revision(1), Place(Revision(-1), Revision(1), TaskId(1))),
        Token(b"x" * 6, History(1), Revision(1), Place(Revision(1), Revision(-1), TaskId(1))),
        Token(b"x" * 6, History(1), Revision(1), Place(Revision(1), Revision(1), TaskId(0))),
    ],
)
def test_what_no_list_can_have_is_none(forged: Token) -> None:
    """Though its checksum fits."""
    with pytest.raises(ValueError, match="must be"):
        decode(forged.encode())


def test_its_form_is_one_of_the_two() -> None:
    """With a checksum that fits, longer or shorter is no token of this release either."""
    for content in (opened(LAST.encode()) + b"x", opened(BETWEEN.encode())[:-1]):
        with pytest.raises(ValueError, match="must be"):
            decode(sealed(content))


@pytest.mark.parametrize("position", [0, 1], ids=["version", "representation"])
def test_that_of_another_release_means_to_begin_anew(position: int) -> None:
    """It was one, so its bearer did nothing wrong; and what they hold may look otherwise."""
    content = bytearray(opened(LAST.encode()))
    content[position] += 1
    with pytest.raises(Resynchronise):
        decode(sealed(bytes(content)))
    with pytest.raises(Resynchronise):
        decode(sealed(bytes(content) + b"with more in it"))


H1, H2, H3 = History(100), History(200), History(300)
CHAIN = [H3, 50, H2, 30, H1, 10]
"""The list took 11 to 30 under the first, up to 50 under the second."""


@pytest.mark.parametrize(
    ("history", "revision", "there"),
    [
        (H3, 51, True),
        (H3, 50, False),
        (H2, 50, True),
        (H2, 51, False),
        (H2, 31, True),
        (H2, 30, False),
        (H1, 30, True),
        (H1, 31, False),
        (H1, 51, False),
        (H1, 10, False),
        (History(400), 40, False),
        (changes.NO_HISTORY, 5, False),
    ],
)
def test_what_was_seen_is_there_if_each_later_history_began_behind_it(
    history: History, revision: int, *, there: bool
) -> None:
    """A revision belongs to the history under which it was taken; what came after the next one's beginning is lost."""
    assert changes.survives(Token.of(ALICE, history, Revision(revision)), CHAIN) is there


def test_a_list_that_was_made_by_hand_has_no_history() -> None:
    """Nor has the token; until the list takes a revision."""
    made = Token.of(ALICE, changes.NO_HISTORY, Revision(1))
    assert changes.survives(made, [])
    assert not changes.survives(Token.of(ALICE, H1, Revision(1)), [])
    assert not changes.survives(made, [H1, 1])
