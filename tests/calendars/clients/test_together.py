"""Several programs of one user's at the same time, and what comes back from the trash."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.equal import expect_equal, expect_settled, of_device
from tests.calendars.clients.devices.programs import needs_programs

pytestmark = needs_programs


def test_two_laptops_at_once(owned: Owned, alice: httpx.Client) -> None:
    """Both send while both fetch and the page writes: everybody's tasks are there once, and nobody is refused."""
    laptops = [owned.laptop(), owned.laptop()]
    shared = [laptops[0].add({"summary": f"Shared {number}"}) for number in range(8)]
    for laptop in laptops:
        laptop.sync()
    for place, laptop in enumerate(laptops):
        for uid in shared[place::2]:
            laptop.change(uid, {"description": f"By laptop {place}"})
        for number in range(10):
            laptop.add({"summary": f"Of laptop {place}: {number}"})
    with ThreadPoolExecutor(3) as together:
        syncs = [together.submit(laptop.sync) for laptop in laptops]
        page = together.submit(_write, alice)
        for done in (*syncs, page):
            done.result()
    for laptop in laptops:
        assert not [each for each in laptop.between.refusals() if each[0] in ("PUT", "REPORT", "GET")]
        laptop.sync()
    told = expect_settled(alice, *laptops)
    assert len(told) == 8 + 2 * 10 + 10
    assert {told[f"Shared {number}"]["description"] for number in range(8)} == {"By laptop 0", "By laptop 1"}


def test_what_comes_back_from_the_trash_comes_back(owned: Owned, alice: httpx.Client) -> None:
    """Under its name and UID, to everybody who has seen it go; with what is beneath it."""
    laptop, script = owned.laptop(), owned.script()
    laptop.add({"summary": "Other"})
    parent = laptop.add({"summary": "Parent"})
    laptop.add({"summary": "Child", "related-to": parent, "categories": ["kept"]})
    laptop.sync()
    script.sync()
    before = of_device(laptop)
    [task] = [task for task in alice.get("/api/tasks").json() if task["title"] == "Parent"]
    alice.delete(f"/api/tasks/{task['id']}").raise_for_status()
    for device in (laptop, script):
        device.sync()
        assert set(expect_equal(alice, device)) == {"Other"}
    alice.post(f"/api/tasks/{task['id']}/restore").raise_for_status()
    for device in (laptop, script):
        device.sync()
    assert expect_settled(alice, laptop, script) == before
    assert laptop.path(parent).exists()


def test_a_download_that_breaks_off_is_done_again(owned: Owned, alice: httpx.Client) -> None:
    """By the program itself, once the connection is there again."""
    laptop = owned.laptop()
    for number in range(5):
        alice.post("/api/tasks", json={"title": f"Page's {number}"}).raise_for_status()
    laptop.between.lose("REPORT", 2, arrives=True, once=True)
    laptop.sync()
    assert laptop.between.count("REPORT") == 3
    assert len(expect_settled(alice, laptop)) == 5


def test_what_is_too_large_keeps_nothing_else_back(owned: Owned, alice: httpx.Client) -> None:
    """It stays where it is, and its owner is told; what is long, but not so long, comes through whole."""
    laptop = owned.laptop()
    long = "Lines; of text,\n" * 2_000
    laptop.add({"summary": "Small"})
    laptop.add({"summary": "Long", "comment": long})
    too_large = laptop.add({"summary": "Too large", "comment": long * 5})
    said = laptop.vdirsyncer("sync", fails=True)
    assert "403" in said
    assert {task["title"] for task in alice.get("/api/tasks").json()} == {"Small", "Long"}
    laptop.delete(too_large)
    laptop.sync()
    expect_settled(alice, laptop)


def _write(alice: httpx.Client) -> None:
    for number in range(10):
        alice.post("/api/tasks", json={"title": f"Of the page: {number}"}).raise_for_status()
