"""Both sides by what they mean: each task once, and the same of it; and nothing left to be sent."""

from typing import Any

import httpx

from tests.calendars.clients.devices.devices import Device

Told = dict[str, dict[str, Any]]
"""Tasks by their titles, with the title of the task that each is beneath."""


def of_service(session: httpx.Client) -> Told:
    tasks = session.get("/api/tasks?limit=1000").json()
    titles = {task["id"]: task["title"] for task in tasks}
    told = {
        task["title"]: {
            "description": task["description"],
            "completed": task["completed"],
            "priority": task["priority"],
            "due": _to_the_second(task["due_date"]),
            "tags": sorted(task["tags"]),
            "parent": titles.get(task["parent_id"]),
        }
        for task in tasks
    }
    assert len(told) == len(tasks), "doubled"
    return told


def of_device(device: Device) -> Told:
    tasks = device.told()
    titles = {task["uid"]: task["title"] for task in tasks}
    assert len(titles) == len(tasks), "doubled"
    told = {
        task["title"]: {
            **{name: task[name] for name in ("description", "completed", "priority", "due", "tags")},
            "parent": titles.get(task["parent"]),
        }
        for task in tasks
    }
    assert len(told) == len(tasks), "doubled"
    return told


def expect_settled(session: httpx.Client, *devices: Device) -> Told:
    """All have the same; whoever syncs again, twice, sends nothing, and changes nothing at the service."""
    for device in devices:
        expect_equal(session, device)
    etags = {task["id"]: task["etag"] for task in session.get("/api/tasks").json()}
    for device in (*devices, *devices):
        before = device.between.writes()
        device.sync()
        assert device.between.writes() == before, "written again, though nothing has changed"
    assert {task["id"]: task["etag"] for task in session.get("/api/tasks").json()} == etags
    for device in devices:
        told = expect_equal(session, device)
    return told


def expect_equal(session: httpx.Client, device: Device) -> Told:
    """What both have."""
    here, there = of_device(device), of_service(session)
    differing = [
        f"{title}: {here.get(title)} here, {there.get(title)} at the service"
        for title in sorted({*here, *there})
        if here.get(title) != there.get(title)
    ]
    assert not differing, "\n".join(differing[:20])
    return there


def _to_the_second(due: str | None) -> str | None:
    return due.replace(".000Z", "Z") if due else None
