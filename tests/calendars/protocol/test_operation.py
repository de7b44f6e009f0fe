"""What an operator has of calendars: bounds, metrics of few labels, and a log without a password."""

import re
from base64 import b64encode
from urllib.parse import quote

import httpx
import pytest

from tests.calendars.dav import Dav, todo
from tests.stack import ApiProcess, Stack

ROUTE = re.compile(
    r'^tasklane_http_requests_total\{method="(\w+)",route="(/dav[^"]*|/\.well-known[^"]*)",', re.MULTILINE
)
TEMPLATES = {
    "/.well-known/caldav",
    "/dav",
    "/dav/principals",
    "/dav/principals/{user_id}",
    "/dav/calendars",
    "/dav/calendars/{user_id}",
    "/dav/calendars/{user_id}/tasks",
    "/dav/calendars/{user_id}/tasks/{name}",
    "/dav/…",
}


@pytest.fixture
def talkative(stack: Stack) -> ApiProcess:
    """It logs each request, as one that was slow."""
    return stack.api(SLOW_REQUEST="0.000001", LOG_LEVEL="debug", LIMIT_READS_BURST="40", LIMIT_READS_RATE="0.1")


def test_what_is_logged_and_counted(talkative: ApiProcess) -> None:
    """By templates and known methods alone; a password, right or wrong, is nowhere, and neither is a name."""
    with talkative.client() as session:
        user = session.get("/api/account").json()["user_id"]
        with Dav(session, user) as dav:
            wrong = "tl_" + "b" * 39
            secrets = [
                secret
                for token in (dav.made.token, wrong)
                for secret in (token, b64encode(f"me:{token}".encode()).decode())
            ]
            dav.put("a very own name.ics", todo("u", summary="a very own title"))
            for method in ("PROPFIND", "REPORT", "PROPPATCH", "GET", "PUT", "DELETE", "MOVE", "LOCK", "MKCOL"):
                for path in ("/dav/", dav.home, dav.collection, f"{dav.collection}a very own name.ics", "/dav/x/y"):
                    dav.send(method, path, depth="0")
            with httpx.Client(base_url=talkative.url, timeout=60) as other:
                for secret in secrets:
                    for scheme in ("Basic", "Bearer"):
                        other.request(
                            "PROPFIND", "/dav/", headers={"authorization": f"{scheme} {secret}", "depth": "0"}
                        )
                other.request("PROPFIND", "/.well-known/caldav")
                counted = ROUTE.findall(other.get("/metrics").text)
    assert {route for _, route in counted} <= TEMPLATES
    assert {method for method, _ in counted} >= {"PROPFIND", "REPORT", "other"}
    log = talkative.log.read_text()
    assert "/dav/calendars/{user_id}/tasks/{name}" in log
    for secret in (*secrets, user, quote(user), "very own", "very%20own"):
        assert secret not in log


def test_who_asks_too_often_is_told_so(talkative: ApiProcess) -> None:
    """As by the API's routes, with when to come again; a hit does not count."""
    with talkative.client() as session:
        user = session.get("/api/account").json()["user_id"]
        with Dav(session, user) as dav:
            answers = [dav.send("PROPFIND", "/dav/", depth="0") for _ in range(50)]
            refused = [answer for answer in answers if answer.status_code == 429]
            assert refused
            assert int(refused[0].headers["retry-after"]) >= 1
            assert answers[0].headers["ratelimit-policy"].startswith('"reads"')
