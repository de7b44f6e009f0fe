"""`search=` finds a text however it is spelt, the same on every server."""

import unicodedata

import httpx
import pytest

from core.tasks import spelling
from tests.integration.wires import rows
from tests.stack import Stack
from tests.steps import outside

FOUND = [
    ("ärger", "Ärger"),
    ("ÄRGER", "ärger"),
    ("item", "ITEM"),
    ("ITEM", "item"),
    ("οδος", "ΟΔΟΣ"),
    ("ΟΔΟΣ", "οδος"),
    ("οδοσ", "οδος"),
    ("strasse", "Straße"),
    ("STRAẞE", "Strasse"),
    ("straße", "STRASSE"),
    ("sßs", "ssss"),
    ("ssss", "sßs"),
    ("milk ", "Milk"),
    ("\tmilk\n", "MILK"),
    ("ﬁsh", "Fish"),
    ("office", "oﬃce"),
    ("ａｂｃ", "Abc"),
    ("kelvin", "\u212aelvin"),
    ("한글", unicodedata.normalize("NFD", "한글")),
    (unicodedata.normalize("NFD", "한글"), "한글"),
    (unicodedata.normalize("NFD", "ärger"), "ÄRGER"),
    ("ärger", unicodedata.normalize("NFD", "Ärger")),
    ("ệ", "e\u0302\u0323"),
    ("ệ", "E\u0323\u0302"),
    ("e\u0302\u0323", "Ệ"),
    ("が", unicodedata.normalize("NFD", "が")),
    ("a.b", "A.B"),
    ("***", "a***b"),
    ("(?i)[x]", "(?I)[X]"),
    ("\\d", "\\D"),
    ("ДЕНЬ", "день"),
]
LOST = [("arger", "Ärger"), ("a", "a\u0308"), ("か", unicodedata.normalize("NFD", "が")), ("ä", "a"), ("a.b", "axb")]
LOST += [("οδος", "οδο"), ("ss", "s s"), ("\\d", "7"), ("%", "a"), ("_", "a")]
WITHOUT_ACCENTS = [("arger", "Ärger"), ("ärger", "arger"), ("a", "a\u0308"), ("cafe", "CAFÉ"), ("ελλαδα", "Ελλάδα")]
WITHOUT_ACCENTS += [("uber strasse", "Über Straße"), ("e", "Ệ"), ("istanbul", "İstanbul"), ("か", "が")]


def titles(frontend: httpx.Client, **asked: str) -> list[str]:
    answer = frontend.get("/api/tasks", params=asked)
    assert answer.status_code == 200
    return [task["title"] for task in answer.json()]


@pytest.mark.parametrize(("sought", "written"), FOUND)
def test_every_spelling_is_found(alice: httpx.Client, sought: str, written: str) -> None:
    """In the title and in the description."""
    alice.post("/api/tasks", json={"title": f"x{written}y"})
    alice.post("/api/tasks", json={"title": "Other", "description": f"one\n{written}"})
    alice.post("/api/tasks", json={"title": "Neither"})
    assert titles(alice, search=sought) == ["Other", f"x{written}y"]


@pytest.mark.parametrize(("sought", "written"), LOST)
def test_another_letter_is_not_found(alice: httpx.Client, sought: str, written: str) -> None:
    """A letter with a mark is another one than without, composed or not."""
    alice.post("/api/tasks", json={"title": written})
    assert titles(alice, search=sought) == []


@pytest.mark.parametrize(("sought", "written"), WITHOUT_ACCENTS)
def test_accents_are_ignored_where_a_person_asks_for_it(alice: httpx.Client, sought: str, written: str) -> None:
    """On either side, in any form."""
    alice.post("/api/tasks", json={"title": written})
    assert titles(alice, search=sought, accents="ignore") == [written]


def test_how_accents_are_taken_is_told_in_two_words(alice: httpx.Client) -> None:
    """Any other is 422; without a search it is the same question either way."""
    assert alice.get("/api/tasks?accents=no").status_code == 422
    alice.get("/api/tasks")
    assert alice.get("/api/tasks?accents=ignore").headers["x-cache"] == "hit"


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_the_servers_locale_says_nothing(stack: Stack, locale: str) -> None:
    """The same pattern finds the same under any."""
    name = f"locale_{locale.lower().replace('.', '_').replace('-', '_')}"
    with outside(stack.database_url) as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 LC_CTYPE '{locale}' LC_COLLATE '{locale}'")
    with outside(stack.database_url.replace("/tasklane", f"/{name}", 1)) as cursor:
        for sought, written in FOUND:
            pattern = spelling.pattern(sought.strip(), accents=True)
            assert rows(cursor, 'SELECT %s COLLATE "C" ~ %s', written, pattern) == [True], (sought, written)
