"""Every spelling of a text, as a regular expression: the same on every server, whatever its locale is.

Two texts are the same when their full case folding in the normal form NFKC is (Unicode, section 3.13): `ΟΔΟΣ` and
`οδος`, `Straße` and `STRASSE`, `ä` in one code point and in two. The tables are Python's; PostgreSQL compares code
points.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain, permutations

_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\u3099\u309a"
_MARK = re.compile(f"[{_MARKS}]")
_ASSIGNED = (range(0x20000), range(0x2F800, 0x2FA20))
"""Code points that may have another spelling."""

_LONGEST_DOUBT = 6
"""Characters of which each way is looked at to divide them."""

_LONG = 8192
"""Of a pattern: from there on each character stands for itself, or a search takes PostgreSQL seconds to understand."""

_MOST_TOGETHER = 3
"""Characters that one code point is folded to: `ﬃ`."""


def pattern(text: str, *, accents: bool) -> str:
    """What finds `text` and nothing else in PostgreSQL; without `accents` also where marks stand on its letters.

    A letter with a mark of its own is another letter: what is found does not end before one.
    """
    folded = fold(text)
    if not accents:
        folded = _bare(folded)
    spelt, place = "", 0
    while place < len(folded):
        together, length = _together(folded, place, accents=accents) if len(spelt) < _LONG else ("", 1)
        spelt += together or _spellings(folded[place], accents=accents)
        place += length
    return spelt if not accents else f"{spelt}(?:[^{_MARKS}]|$)"


def fold(text: str) -> str:
    """One for all spellings."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def prepare() -> None:
    """Make the tables, which takes a while."""
    for accents in (True, False):
        _code_points(accents=accents)


def _together(folded: str, place: int, *, accents: bool) -> tuple[str, int]:
    """Where one code point may stand for several characters, each way to divide the part that is in doubt."""
    points = _code_points(accents=accents)
    at, end = place, place + 1
    while at < end <= place + _LONGEST_DOUBT:
        sizes = (size for size in range(_MOST_TOGETHER, 1, -1) if folded[at : at + size] in points)
        end = max(end, at + next(sizes, 1))
        at += 1
    if end == place + 1:
        return "", 1
    ways = (
        "".join(_spellings(part, accents=accents) for part in parts) for parts in _divided(folded[place:end], points)
    )
    return f"(?:{'|'.join(ways)})", end - place


def _divided(text: str, points: Mapping[str, str]) -> Iterator[list[str]]:
    if not text:
        yield []
    for size in range(1, min(len(text), _MOST_TOGETHER) + 1):
        if size == 1 or text[:size] in points:
            for rest in _divided(text[size:], points):
                yield [text[:size], *rest]


@lru_cache(maxsize=4096)
def _spellings(part: str, *, accents: bool) -> str:
    """Of one character, or of what one code point stands for."""
    ways = [_one_of(part, accents=accents)] if len(part) == 1 or part in _code_points(accents=accents) else []
    if accents and len(part) == 1:
        ways += sorted(set(_in_pieces(part)))
    spelt = ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
    return spelt if accents else f"{spelt}[{_MARKS}]*"


def _in_pieces(character: str) -> Iterator[str]:
    """A letter and its marks, in any order and as far as they are apart."""
    letter, *marks = list(unicodedata.normalize("NFD", character))
    for order in permutations(marks) if len(marks) <= _MOST_TOGETHER else [tuple(marks)]:
        for taken in range(len(order)):
            begun = unicodedata.normalize("NFC", letter + "".join(order[:taken]))
            if len(begun) == 1:
                yield _one_of(begun, accents=True) + "".join(map(_literal, order[taken:]))


def _one_of(part: str, *, accents: bool) -> str:
    points = _code_points(accents=accents).get(part, "")
    every = sorted({*points, *(part if len(part) == 1 else "")})
    return _literal(every[0]) if len(every) == 1 else f"[{''.join(map(_literal, every))}]"


def _literal(character: str) -> str:
    """A code point, whatever it means in a regular expression, within brackets and without."""
    return character if character.isalnum() else f"\\U{ord(character):08x}"


def _bare(text: str) -> str:
    return unicodedata.normalize("NFKC", _MARK.sub("", unicodedata.normalize("NFD", text)))


@lru_cache(maxsize=2)
def _code_points(*, accents: bool) -> Mapping[str, str]:
    """By what they are folded to, all that are more than one and, of those that become several, the usual ones."""
    found: dict[str, list[str]] = defaultdict(list)
    for point in chain(*_ASSIGNED):
        character = chr(point)
        if character.casefold() == character and not unicodedata.decomposition(character):
            continue
        folded = fold(character) if accents else _bare(fold(character))
        several = unicodedata.normalize("NFC", character.casefold())
        if len(folded) == 1 or (1 < len(several) <= _MOST_TOGETHER and len(folded) <= _MOST_TOGETHER):
            found[folded].append(character)
    return {folded: "".join(characters) for folded, characters in found.items()}
