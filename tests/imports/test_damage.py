"""A damaged file says where it is damaged, is never taken for another's, and never does more than that."""

import asyncio
import contextlib

import pytest

from api.imports.read import format_of
from core.errors import InvalidInput
from tests.imports.damage import damaged, flipped
from tests.imports.test_samples import FORMATS, SAMPLES, found

FLIPS = 150


def fault_of(document: bytes, name: str) -> tuple[str, str] | None:
    try:
        found(document, FORMATS[name])
    except InvalidInput as error:
        return error.faults[0].pointer, error.faults[0].detail
    return None


def taken_for(document: bytes) -> str | None:
    try:
        return asyncio.run(format_of(document))
    except InvalidInput:
        return None


@pytest.mark.parametrize("name", FORMATS)
def test_every_damage_is_told_with_its_place(name: str) -> None:
    """Fifty of each: the line, and of JSON the item."""
    for document in damaged((SAMPLES / name).read_bytes(), name.rpartition(".")[2]):
        fault = fault_of(document, name)
        assert fault, document
        assert "line " in " ".join(fault), fault


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_not_taken_for_anothers(name: str) -> None:
    """It is known for what it was, or not at all."""
    document = (SAMPLES / name).read_bytes()
    kind = name.rpartition(".")[2]
    for one in [*damaged(document, kind), *(flipped(document, seed) for seed in range(FLIPS))]:
        assert taken_for(one) in (FORMATS[name], None), one


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_but_a_refusal_comes_of_changed_bytes(name: str) -> None:
    """The changes may have hit what nobody reads, or a text: then it is read."""
    document = (SAMPLES / name).read_bytes()
    for seed in range(FLIPS):
        with contextlib.suppress(InvalidInput):
            found(flipped(document, seed), FORMATS[name])
