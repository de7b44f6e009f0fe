"""Devices of one user, each with a token of its own, behind something that notes what it asks."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.access.making import make
from tests.calendars.clients.between.between import Between, Way, as_it_is
from tests.calendars.clients.devices.devices import Aide, Laptop, Phone, Script
from tests.stack import ApiProcess, Stack, folder


class Owned:
    """Makes what its owner has."""

    def __init__(self, stack: Stack, api: ApiProcess, session: httpx.Client, resources: contextlib.ExitStack) -> None:
        self._stack = stack
        self._api = api
        self._session = session
        self._resources = resources

    def laptop(self, *, conflict: str = "null", **settings: str) -> Laptop:
        """It speaks with an API process that has these settings."""
        home, between, aide = self._new(**settings)
        return Laptop(home, between, make(self._session).token, aide, conflict=conflict)

    def phone(self) -> Phone:
        home, between, aide = self._new()
        return Phone(home, between, make(self._session).token, aide)

    def script(self) -> Script:
        _, between, aide = self._new()
        return Script(between, make(self._session).token, aide)

    def between(self, *, there: Way = as_it_is, back: Way = as_it_is) -> tuple[Between, str]:
        """And a token."""
        between = self._resources.enter_context(Between(self._api.url, there=there, back=back).open())
        return between, make(self._session).token

    def home(self) -> Path:
        return self._resources.enter_context(folder())

    def _new(self, **settings: str) -> tuple[Path, Between, Aide]:
        api = self._stack.api(start=True, **settings) if settings else self._api
        home = self.home()
        between = self._resources.enter_context(Between(api.url).open())
        return home, between, self._resources.enter_context(Aide(home))


@pytest.fixture
def owned(stack: Stack, api: ApiProcess, alice: httpx.Client) -> Iterator[Owned]:
    with contextlib.ExitStack() as resources:
        yield Owned(stack, api, alice, resources)
