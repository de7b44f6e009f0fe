"""A laptop, a telephone and a script of one user's, and the page: all change what they like, round after round."""

import itertools
import os
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.devices import Device
from tests.calendars.clients.devices.equal import Told, expect_equal, expect_settled, of_device
from tests.calendars.clients.devices.programs import needs_programs, needs_syncevolution

ROUNDS = int(os.environ.get("TASKLANE_ROUNDS", "3"))
TASKS = int(os.environ.get("TASKLANE_TASKS", "100"))
SEED = int(os.environ.get("TASKLANE_SEED", "1"))

PRIORITIES = {"urgent": 1, "high": 2, "medium": 5, "low": 7}
EMPTY: dict[str, Any] = {
    "description": None,
    "completed": False,
    "priority": "medium",
    "due": None,
    "tags": [],
    "parent": None,
}

pytestmark = needs_programs


class Page:
    """What a page does with the service's own API."""

    def __init__(self, session: httpx.Client) -> None:
        self.session = session

    def add(self, title: str, fields: dict[str, Any]) -> None:
        self.session.post("/api/tasks", json={"title": title, **self._body(fields)}).raise_for_status()

    def change(self, title: str, fields: dict[str, Any]) -> None:
        path = f"/api/tasks/{self._ids()[title]}?descendants=false"
        self.session.patch(path, json=self._body(fields)).raise_for_status()

    def delete(self, title: str) -> None:
        self.session.delete(f"/api/tasks/{self._ids()[title]}").raise_for_status()

    def _ids(self) -> dict[str, int]:
        return {task["title"]: task["id"] for task in self.session.get("/api/tasks").json()}

    def _body(self, fields: dict[str, Any]) -> dict[str, Any]:
        body = {("due_date" if name == "due" else name): value for name, value in fields.items() if name != "parent"}
        if "parent" in fields:
            body["parent_id"] = self._ids()[fields["parent"]] if fields["parent"] else None
        return body


class Owner:
    """Who does the same with a device; each change says something new: vdirsyncer does not hear of a change back."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._changes = itertools.count()

    def add(self, title: str, fields: dict[str, Any]) -> None:
        self.device.add({"summary": title, **{name: value for name, value in self._values(fields).items() if value}})

    def change(self, title: str, fields: dict[str, Any]) -> None:
        comment = f"Change {next(self._changes)}"
        self.device.change(self._uids()[title], {**self._values(fields), "comment": comment})

    def delete(self, title: str) -> None:
        self.device.delete(self._uids()[title])

    def _uids(self) -> dict[str, str]:
        return {each["title"]: each["uid"] for each in self.device.told()}

    def _values(self, fields: dict[str, Any]) -> dict[str, Any]:
        return dict(self._each(fields))

    def _each(self, fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in fields.items():
            match name:
                case "due":
                    yield "due", value and (f"at {value.replace('Z', '+00:00')}" if "T" in value else f"on {value}")
                case "priority":
                    yield "priority", PRIORITIES[value]
                case "tags":
                    yield "categories", value or None
                case "parent":
                    yield "related-to", self._uids()[value] if value else None
                case "completed":
                    yield "status", "COMPLETED" if value else "NEEDS-ACTION"
                    yield "completed", "at 2026-11-28T12:00:00+00:00" if value else None
                    yield "percent-complete", 100 if value else None
                case _:
                    yield name, value


class Game:
    """Who changes what, so that no two change the same; and what there must be in the end."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.expected: Told = {}
        self._made = 0

    def play(self, players: list[Page | Owner], number: int) -> None:
        """One round. Deletions come last: they change what is beneath."""
        gone: list[tuple[Page | Owner, str]] = []
        known = tuple(self.expected)
        for place, player in enumerate(players):
            own = [title for title in known if (int(title.split()[1]) + number) % len(players) == place]
            self.random.shuffle(own)
            for _ in range(self.random.randrange(1, 3)):
                self._made += 1
                title, fields = f"Task {self._made}", self._fields(())
                player.add(title, fields)
                self.expected[title] = {**EMPTY, **fields}
            if len(own) > 3 and self._is_leaf(own[0]):
                gone.append((player, own.pop(0)))
            for title in own[:3]:
                fields = self._fields(own[3:] if self._is_leaf(title) else ())
                player.change(title, fields)
                self.expected[title].update(fields)
        for player, title in gone:
            player.delete(title)
            del self.expected[title]

    def _is_leaf(self, title: str) -> bool:
        return all(each["parent"] != title for each in self.expected.values())

    def _fields(self, parents: Any) -> dict[str, Any]:
        roots = [title for title in parents if self.expected[title]["parent"] is None]
        possible: dict[str, Any] = {
            "description": self.random.choice((None, "Plain", "Lines\nof; text, \\n and \\ more", "ü" * 80)),
            "completed": self.random.random() < 0.4,
            "priority": self.random.choice(tuple(PRIORITIES)),
            "due": self.random.choice(
                (None, "2026-12-24", "2027-01-01", "2026-12-24T23:30:00Z", "2027-03-28T01:30:00Z")
            ),
            "tags": sorted(self.random.sample(("home", "a b", "Straße", "c;d"), self.random.randrange(3))),
        }
        chosen = {name: possible[name] for name in self.random.sample(tuple(possible), 2)}
        if parents and self.random.random() < 0.5:
            chosen["parent"] = self.random.choice([*roots[:2], None])
        return chosen


@pytest.mark.parametrize("seed", [SEED])
def test_all_have_the_same_after_each_round(owned: Owned, alice: httpx.Client, seed: int) -> None:
    """Nothing is lost, doubled, or changed on its way; and when nobody changes anything, nobody sends anything."""
    laptop, script = owned.laptop(), owned.script()
    devices: list[Device] = [laptop, script]
    game = Game(seed)
    script.sync()
    players: list[Page | Owner] = [Page(alice), *map(Owner, devices)]
    for number in range(ROUNDS):
        game.play(players, number)
        for device in (*devices, *devices):
            device.sync()
        for device in devices:
            assert expect_equal(alice, device) == game.expected, f"round {number} of seed {seed}"
    expect_settled(alice, *devices)


@needs_syncevolution
@pytest.mark.parametrize("seed", [SEED])
def test_the_telephone_has_the_same_after_each_round(owned: Owned, alice: httpx.Client, seed: int) -> None:
    """The same, with the program of the other family."""
    phone = owned.phone()
    game = Game(seed)
    phone.sync()
    players: list[Page | Owner] = [Page(alice), Owner(phone)]
    for number in range(ROUNDS):
        game.play(players, number)
        phone.sync()
        assert expect_equal(alice, phone) == game.expected, f"round {number} of seed {seed}"
    expect_settled(alice, phone)


def test_a_long_list_is_synced(owned: Owned, alice: httpx.Client) -> None:
    """Made on either side; then only what has changed is asked for and sent."""
    laptop, script = owned.laptop(), owned.script()
    script.sync()
    for number in range(TASKS // 2):
        laptop.write(_file(number), f"file-{number}")
    made = [{"title": f"Page's {number}"} for number in range(TASKS // 2)]
    alice.post("/api/tasks/import", json={"tasks": made}).raise_for_status()
    laptop.sync()
    script.sync()
    assert len(of_device(laptop)) == TASKS // 2 * 2
    laptop.between.told.clear()
    alice.patch(f"/api/tasks/{alice.get('/api/tasks').json()[0]['id']}", json={"priority": "low"}).raise_for_status()
    (laptop.folder / "file-0.ics").unlink()
    laptop.sync()
    assert laptop.between.writes() == {"DELETE": 1}
    assert laptop.between.count("GET", "REPORT") <= 2
    script.sync()
    expect_settled(alice, laptop, script)


def _file(number: int) -> str:
    lines = (f"UID:file-{number}", "DTSTAMP:20261128T100000Z", f"SUMMARY:Laptop's {number}")
    around = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//An editor//EN", "BEGIN:VTODO")
    return "".join(f"{line}\r\n" for line in (*around, *lines, "END:VTODO", "END:VCALENDAR"))
