"""What a question costs to read does not grow faster than its bytes."""

import pytest

from core.errors import InvalidInput
from core.tasks.questions.other_names import spelt_out
from core.tasks.questions.parse import MAX_FOLDED, parse_list
from core.tasks.questions.queries import MAX_SEARCH, MAX_TAGS
from core.tasks.spelling import fold, pattern

MANY = [f"{number:060x}" for number in range(1000)]


@pytest.mark.parametrize(
    "query", ["tags=" + ",".join(MANY), "&".join(f"tag={tag}" for tag in MANY[:100]), "&".join(["tags=a,b"] * 50)]
)
def test_too_many_tags_are_refused_unread(query: str) -> None:
    """With one mistake, however many there are and whatever is wrong with each."""
    with pytest.raises(InvalidInput) as refused:
        parse_list(query.encode())
    assert [fault.pointer for fault in refused.value.faults] == ["?tag"]


def test_no_more_tags_are_taken_apart_than_tell_that_they_are_too_many() -> None:
    """A single parameter may have thousands."""
    assert len(spelt_out([("tags", ",".join(MANY))], ("tag",))) == MAX_TAGS + 1


@pytest.mark.parametrize("text", ["s", "\u1e9e", "ffi", "ffist", "\u01d8", "\u1fb7", "\u0390", "\u3316"])
@pytest.mark.parametrize("accents", [True, False])
def test_a_pattern_is_as_long_as_its_text(text: str, *, accents: bool) -> None:
    """However many spellings its characters have together: PostgreSQL takes seconds to understand half a megabyte."""
    sought = fold((text * MAX_SEARCH)[:MAX_SEARCH])[:MAX_FOLDED]
    assert len(pattern(sought, accents=accents)) < 60_000


def test_a_search_is_as_long_as_what_it_stands_for() -> None:
    """A sign that stands for eighteen letters is not sought two hundred times."""
    assert parse_list(b"search=%EF%B7%BA").search == "\ufdfa"
    with pytest.raises(InvalidInput):
        parse_list(b"search=" + b"%EF%B7%BA" * MAX_SEARCH)
