"""The order by title: whatever the server's locale, capitals and composed letters say nothing of it."""

import itertools
import random
import unicodedata

import httpx
import pytest

from tests.integration.wires import rows
from tests.stack import Stack, migrate
from tests.steps import outside

TITLES = (
    *("Apple", "apple pie", "APPLE Juice", "Zebra", "_draft", "10 things", "Straße", "STRASSE", "strasse 2"),
    *("Ärger", "ÄRGER", "A\u0308rger", "a\u0308rger", "ärgern", "Österreich", "éclair", "E\u0301CLAIR 2"),
    *("Çay", "c\u0327ay"),
    *("ΟΔΟΣ", "οδος", "οδοσ", "Οδός", "МОЛОКО", "молоко", "Хлеб", "ИЗЮМ", "и\u0306од", "Йод"),
    *("İzmir", "ısı", "ISI", "item"),
    *("ＦＵＬＬ width", "full width 2", "ﬁne", "FINE", "Ǆ", "ǆ", "ẞ", "ß", "牛乳", "東京", "😀 smile", "Ω ohm", "ω"),
)


def key(title: str) -> str:
    """What titles are compared by, as Python says it: Unicode's full folding of case between two NFKCs."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", title).casefold())


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_the_servers_locale_does_not_say_which_comes_first(stack: Stack, locale: str) -> None:
    """The key is the same under any, and the one that Unicode's folding of case gives."""
    name = f"titles_{locale.lower().replace('.', '_').replace('-', '_')}"
    with outside(stack.database_url) as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 LC_CTYPE '{locale}' LC_COLLATE '{locale}'")
    url = stack.database_url.replace("/tasklane", f"/{name}", 1)
    migrate(url)
    with outside(url) as cursor:
        for title in TITLES:
            assert rows(cursor, "SELECT tasklane_title_order(%s)", title) == [key(title)], title


def test_what_folds_alike_stands_together(stack: Stack) -> None:
    """All of Unicode: letters that are the same but for case or form have one key; these few old ones have not."""
    letters = [chr(point) for point in range(1, 0x110000) if not 0xD800 <= point <= 0xDFFF]
    with outside(stack.database_url) as cursor:
        keys = rows(cursor, "SELECT tasklane_title_order(letter) FROM unnest(%s::text[]) AS letter", letters)
    alike: dict[str, set[str]] = {}
    for letter, made in zip(letters, keys, strict=True):
        alike.setdefault(key(letter), set()).add(made)
    assert {folded for folded, made in alike.items() if len(made) > 1} <= {"ι", *"вдостъѣ", "ꙋ"}


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("way", ["cursor", "offset"])
def test_pages_of_titles_follow_one_another(alice: httpx.Client, order: str, way: str) -> None:
    """Each task once, in the order of the keys and then of the ids, however the pages are asked for."""
    titles = [*TITLES, *("\ufdfa" * 200, "\ufdfa" * 199)]  # NFKC makes 18 characters of each
    random.Random(4).shuffle(titles)
    ids = [alice.post("/api/tasks", json={"title": title}).json()["id"] for title in titles]
    keys = {id_: key(title)[:200] for id_, title in zip(ids, titles, strict=True)}
    seen: list[int] = []
    url = f"/api/tasks?sort=title&order={order}&limit=7"
    for page in itertools.count(1):
        answer = alice.get(url)
        assert answer.status_code == 200
        seen += [task["id"] for task in answer.json()]
        assert int(answer.headers["x-total-count"]) == len(titles)
        if "next" not in answer.links:
            break
        skipped = f"/api/tasks?sort=title&order={order}&limit=7&offset={7 * page}"
        url = answer.links["next"]["url"] if way == "cursor" else skipped
    assert seen == sorted(ids, key=lambda id_: (keys[id_].encode("utf-8"), id_), reverse=order == "desc")


def test_a_search_is_put_in_that_order(alice: httpx.Client) -> None:
    """As a list is."""
    for title in ("Zug b", "ärger b", "Ärger a b", "apfel b"):
        alice.post("/api/tasks", json={"title": title})
    found = alice.get("/api/tasks?search=b&sort=title&order=asc").json()
    assert [task["title"] for task in found] == ["apfel b", "Zug b", "Ärger a b", "ärger b"]
