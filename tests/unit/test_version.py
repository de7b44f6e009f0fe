"""The version stands in one place; where a file of another kind must have it too, it is the same."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from core import __version__
from tests.stack import TOP

FOLDERS = (TOP / "deploy" / "k8s" / "overlays", TOP / "tests" / "deploy" / "sets")
KUSTOMIZATIONS = [
    file for folder in FOLDERS for file in sorted(folder.glob("*/kustomization.yaml")) if "images:" in file.read_text()
]
CHART = TOP / "deploy" / "helm" / "tasklane" / "Chart.yaml"
TAG = r"(?:--tag|docker-image) tasklane(?:-\w+)?:(\S+)"


def test_the_package_has_it_from_the_code() -> None:
    """The images hold no metadata of an installed package, so the code cannot have it from there."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "core.__version__"}


def test_the_document_has_it() -> None:
    """What clients are made from says what it is of."""
    document = json.loads((TOP / "docs" / "openapi.json").read_text())
    assert document["info"]["version"] == __version__, "run `make client`"


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        (TOP / "deploy" / "Dockerfile", r"^ARG VERSION=(\S+)$"),
        (TOP / "docs" / "kubernetes.md", TAG),
        (CHART, r"^appVersion: (\S+)$"),
        *((file, r"newTag: (\S+)$") for file in KUSTOMIZATIONS),
    ],
    ids=lambda value: value.parent.name if isinstance(value, Path) else "",
)
def test_images_and_their_tags_have_it(file: Path, pattern: str) -> None:
    """A tag names what the image was built of."""
    found = re.findall(pattern, file.read_text(), re.MULTILINE)
    assert found
    assert set(found) == {__version__}


def test_the_changelog_knows_it() -> None:
    """What is under way is told of as such, and the last release below it."""
    headings = re.findall(r"^## (.+)$", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0].startswith(
        f"Unreleased ({__version__.partition('.dev')[0]})" if "dev" in __version__ else __version__
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", headings[1])
