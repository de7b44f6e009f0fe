"""Which of calendars' questions hits may answer, by the request alone."""

import pytest
from starlette.types import Message

from api.calendars.hot import HotQuestions
from api.hits.asked import Asked
from core.tasks.answers import unchanged
from core.tasks.questions.queries import ChangesQuery, StandQuery
from core.tasks.sync.token import Place, Token
from core.types import History, Revision, TaskId, UserId
from tests.calendars.dav import HEAD

pytestmark = pytest.mark.anyio

ALICE = UserId("alice")
COLLECTION = "/dav/calendars/alice/tasks/"
TOKEN = Token.of(ALICE, History(1), Revision(2))
STAND = f"<D:propfind {HEAD}><D:prop><S:getctag/>%s</D:prop></D:propfind>"


def sync(token: Token, more: str = "") -> str:
    said = f"<D:sync-token>urn:tasklane:sync:{token.encode()}</D:sync-token>{more}"
    return f"<D:sync-collection {HEAD}>{said}<D:prop><D:getetag/></D:prop></D:sync-collection>"


async def asked(method: str, body: str, *, path: str = COLLECTION, **more: str) -> Asked | None:
    """What is taken for a question of hits; whoever reads the body afterwards gets all of it."""
    sent = {"host": "localhost", "depth": "0", "content-length": str(len(body)), **more}
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "headers": headers,
        "scheme": "http",
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    questions = HotQuestions(shape="array", over_http=False)
    if not questions.may_be_one(scope):
        return None
    found, again = await questions.read(scope, receive)
    assert (await again())["body"] == body.encode()
    return found


async def test_two_questions_are_taken() -> None:
    """How far the list has come, and whether anything is new since."""
    stand = await asked("PROPFIND", STAND % "<D:resourcetype/>")
    assert stand
    assert (stand.query, stand.named_user, stand.method) == (StandQuery(), ALICE, "PROPFIND")
    new = await asked("REPORT", sync(TOKEN), depth="1")
    assert new
    assert (new.query, new.named_user) == (ChangesQuery(TOKEN), ALICE)
    assert len({question.kept_as for question in (stand, new, await asked("PROPFIND", STAND % "")) if question}) == 3


@pytest.mark.parametrize(
    ("method", "body", "more"),
    [
        ("PROPFIND", STAND % "<D:current-user-privilege-set/>", {}),
        ("PROPFIND", STAND % "", {"depth": "1"}),
        ("PROPFIND", STAND % "", {"path": "/dav/"}),
        ("PROPFIND", STAND % "", {"path": f"{COLLECTION}a.ics"}),
        ("PROPFIND", STAND % "", {"host": "tasks.example.com"}),
        ("PROPFIND", STAND % "", {"x-forwarded-proto": "http", "host": "10.0.0.1"}),
        ("PROPFIND", STAND % "", {"origin": "http://page.example"}),
        ("PROPFIND", STAND % "", {"content-length": "5000"}),
        ("PROPFIND", f"<D:propfind {HEAD}><D:allprop/></D:propfind>", {}),
        ("PROPFIND", f"<D:propfind {HEAD}><D:prop><D:displayname/></D:prop></D:propfind>", {}),
        ("PROPFIND", "<!DOCTYPE a><a/>", {}),
        ("REPORT", STAND % "", {}),
        ("PROPFIND", sync(TOKEN), {}),
        ("REPORT", sync(Token.of(UserId("bob"), History(1), Revision(2))), {}),
        ("REPORT", sync(Token.of(ALICE, History(1), Revision(2), Place(Revision(0), Revision(1), TaskId(1)))), {}),
        ("REPORT", sync(TOKEN, "<D:limit><D:nresults>0</D:nresults></D:limit>"), {}),
        ("REPORT", sync(TOKEN).replace("urn:tasklane:sync:", "data:"), {}),
        ("PUT", STAND % "", {}),
    ],
)
async def test_all_others_are_left_to_the_routes(method: str, body: str, more: dict[str, str]) -> None:
    """What depends on the token, on more than the collection, or is wrong, or came in the clear."""
    assert await asked(method, body, **more) is None


async def test_a_page_of_changes_is_no_empty_answer() -> None:
    """What the cache has under a token's name counts only where it says that there is nothing."""
    question = await asked("REPORT", sync(TOKEN))
    nothing = unchanged(ALICE, ChangesQuery(TOKEN))
    assert question
    assert question.form
    assert nothing
    assert question.form.made_of(b'{"changes":[{}],"next":"x","more":false}') is None
    made = question.form.made_of(nothing.body)
    assert made
    assert TOKEN.encode().encode() in made
