"""Conditional requests: what the client has is not sent again, and what it has not seen is not changed."""

import re

import httpx
import pytest

from tests.integration.tasks.test_tasks import make


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("which", ["/api/tasks", "/api/tasks?completed=false&limit=7", "task"])
def test_what_the_client_has_is_not_sent_again(alice: httpx.Client, which: str, method: str) -> None:
    """`If-None-Match` gives 304 without a body as long as nothing has changed, also from the cache."""
    task = make(alice)
    path = f"/api/tasks/{task['id']}" if which == "task" else which
    first = alice.get(path)
    etag = first.headers["etag"]
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = alice.request(method, path, headers={"if-none-match": condition})
        assert (same.status_code, same.content) == (304, b""), condition
        assert same.headers["etag"] == etag
        for name in ("cache-control", "vary"):
            assert same.headers[name] == first.headers[name]
    for condition in ('"other"', "nonsense", ""):
        assert alice.request(method, path, headers={"if-none-match": condition}).status_code == 200
    alice.patch(f"/api/tasks/{task['id']}", json={"priority": "low"})
    changed = alice.request(method, path, headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


def test_a_list_may_be_kept_but_must_be_asked_for_again(alice: httpx.Client) -> None:
    """Only the browser of the user may store it, and no other token's answer is taken for it."""
    headers = alice.get("/api/tasks").headers
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "private, no-cache"
    assert "authorization" in headers["vary"].lower()


@pytest.mark.parametrize(
    ("method", "suffix"), [("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("PATCH", "/complete"), ("PATCH", "/toggle")]
)
def test_a_change_can_depend_on_what_was_seen(alice: httpx.Client, method: str, suffix: str) -> None:
    """`If-Match` with anything but the task's current tag is 412, names that tag, and changes nothing."""
    task = make(alice)
    path = f"/api/tasks/{task['id']}"
    body = None if method == "DELETE" else {"completed": True}
    seen = alice.get(path).headers["etag"]
    current = alice.patch(path, json={"priority": "high"}).headers["etag"]
    for stale in (seen, f"W/{current}", '"other"', "nonsense"):
        refused = alice.request(method, path + suffix, json=body, headers={"if-match": stale})
        assert refused.status_code == 412, stale
        assert refused.headers["etag"] == current
        assert alice.get(path).headers["etag"] == current
    answer = alice.request(method, path + suffix, json=body, headers={"if-match": f'"other", {current}'})
    assert answer.status_code == (204 if method == "DELETE" else 200)
    missing = alice.request(method, "/api/tasks/9223372036854775807" + suffix, json=body, headers={"if-match": current})
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("method", "suffix"), [("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("PATCH", "/complete"), ("PATCH", "/toggle")]
)
def test_a_change_can_depend_on_what_must_not_be(alice: httpx.Client, method: str, suffix: str) -> None:
    """`If-None-Match` with the task's current tag, weak or not, or `*` is 412 and changes nothing; another's is not."""
    task = make(alice)
    path = f"/api/tasks/{task['id']}"
    body = None if method == "DELETE" else {"completed": True}
    seen = alice.get(path).headers["etag"]
    current = alice.patch(path, json={"priority": "high"}).headers["etag"]
    for unwanted in (current, f"W/{current}", f'"other", {current}', "*"):
        refused = alice.request(method, path + suffix, json=body, headers={"if-none-match": unwanted})
        assert refused.status_code == 412, unwanted
        assert refused.headers["etag"] == current
    both = alice.request(method, path + suffix, json=body, headers={"if-match": current, "if-none-match": current})
    assert both.status_code == 412
    assert alice.get(path).headers["etag"] == current
    answer = alice.request(method, path + suffix, json=body, headers={"if-none-match": f'{seen}, "other"'})
    assert answer.status_code == (204 if method == "DELETE" else 200)
    missing = "/api/tasks/9223372036854775807" + suffix
    assert alice.request(method, missing, json=body, headers={"if-none-match": "*"}).status_code == 404


@pytest.mark.parametrize("representation", [1, 3, 20])
def test_a_tag_of_another_release_means_the_same_state(alice: httpx.Client, representation: int) -> None:
    """Whoever has read a task before an upgrade, or from the newer release, can still change it on condition."""
    task = make(alice)
    path = f"/api/tasks/{task['id']}"

    def elsewhere(etag: str) -> str:
        return re.sub(r"^\"\d+", f'"{representation}', etag)

    def rename(title: str, **condition: str) -> httpx.Response:
        return alice.patch(path, json={"title": title}, headers={"if-" + name: tag for name, tag in condition.items()})

    renamed = rename("New", match=elsewhere(task["etag"]))
    assert renamed.status_code == 200
    assert rename("Newer", match=elsewhere(task["etag"])).status_code == 412
    unwanted = {"if-none-match": elsewhere(renamed.json()["etag"])}
    assert alice.patch(path, json={"title": "Newer"}, headers=unwanted).status_code == 412
    other = make(alice)
    assert rename("Newer", match=other["etag"]).status_code == 412


def test_tags_on_several_lines_are_one_list(alice: httpx.Client) -> None:
    """RFC 9110, section 5.3: the second line counts as the first does."""
    path = f"/api/tasks/{make(alice)['id']}"
    current = alice.get(path).headers["etag"]
    lines = [("if-match", '"other"'), ("if-match", current)]
    assert alice.patch(path, json={}, headers=lines).status_code == 200
    current = alice.get(path).headers["etag"]
    assert alice.patch(path, json={}, headers=[("if-none-match", '"o"'), ("if-none-match", current)]).status_code == 412
    assert alice.get(path, headers=[("if-none-match", '"o"'), ("if-none-match", current)]).status_code == 304


def test_if_match_with_a_star_takes_any_state(alice: httpx.Client) -> None:
    """`*` asks only that the task is there."""
    path = f"/api/tasks/{make(alice)['id']}"
    assert alice.patch(path, json={"title": "New"}, headers={"if-match": "*"}).status_code == 200
    assert alice.delete(path, headers={"if-match": "*"}).status_code == 204
    assert alice.delete(path, headers={"if-match": "*"}).status_code == 404
