"""The document of the API: complete, true to itself, and what the code makes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from api.write_openapi import served
from tests.here import application
from tests.stack import TOP, environ, environment, settings

Document = dict[str, Any]

COMMITTED = TOP / "docs" / "openapi.json"
BY_HEADER = {"If-None-Match": {"304"}, "If-Match": {"412"}, "Idempotency-Key": {"409", "422"}}
METHODS = ("get", "post", "put", "patch", "delete")
IN_NO_DOCUMENT = (
    *("/openapi.json", "/metrics", "/docs"),
    *("/docs/start.js", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"),
)


@pytest.fixture(scope="module")
def document() -> Document:
    """As a service with the default settings serves it."""
    return _served()


@pytest.fixture(scope="module", params=["array", "object"])
def either(request: pytest.FixtureRequest) -> Document:
    """With either form of lists."""
    return _served(task_list_shape=request.param)


def test_the_committed_document_is_what_the_code_makes() -> None:
    """`make openapi` writes it; whoever changes the contract sees it in the diff."""
    with environ({}):
        assert COMMITTED.read_text(encoding="utf-8") == served(), "run `make openapi`"


def test_the_document_is_valid_openapi(either: Document) -> None:
    """By the specification of version 3.1, every reference included."""
    assert either["openapi"].startswith("3.1.")
    validate(either, cls=OpenAPIV31SpecValidator)


def test_every_route_is_in_it(document: Document) -> None:
    """But for what shows the document, the metrics, and the routes under `/api/{user_id}`, of which it speaks."""
    routes = {
        (route.path_format or "", method.lower())
        for route in iter_route_contexts(_application().routes)
        for method in route.methods or ()
        if method != "HEAD"
    }
    twins = {(path, method) for path, method in routes if path.startswith("/api/{user_id}/tasks")}
    documented = {(path, method) for path, method, _ in _operations(document)}
    assert routes - documented == twins | {(path, "get") for path in IN_NO_DOCUMENT}
    assert documented <= routes
    assert {(path.replace("/{user_id}", ""), method) for path, method in twins} <= documented
    assert "/api/{user_id}/tasks" in document["info"]["description"]


def test_operation_ids_make_method_names(document: Document) -> None:
    """Each is one of a kind, in camelCase, and begins with what it does."""
    ids = [operation["operationId"] for *_, operation in _operations(document)]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in ids)


def test_every_operation_tells_what_can_go_wrong(document: Document) -> None:
    """Whoever needs a token can be refused one, whoever sends a body can send a wrong one, and so on."""
    for path, method, operation in _operations(document):
        expected = {"405", "500"}
        owned = path.startswith("/api/")
        if owned:
            expected |= {"401", "403", "429", "503"}
        if "{" in path:
            expected |= {"404", "422"}
        if "requestBody" in operation:
            expected |= {"413", "415", "422"}
        parameters = {parameter["name"]: parameter for parameter in _parameters(document, operation)}
        if any(parameter["in"] == "query" for parameter in parameters.values()):
            expected |= {"422"}
        for name, statuses in BY_HEADER.items():
            expected |= statuses if name in parameters else set()
        if method != "get" and "If-None-Match" in parameters:  # what a change must not meet
            expected = expected - {"304"} | {"412"}
        assert expected <= set(operation["responses"]), (method, path)
        assert operation["security"] == ([{"bearer": []}] if owned else []), path
        assert "X-Request-ID" in parameters
        assert operation["summary"]
        assert operation["description"]


def test_every_problem_is_a_problem_document(document: Document) -> None:
    """With the headers that belong to its status, and nothing but `application/problem+json`."""
    needed = {
        "401": "WWW-Authenticate",
        "403": "WWW-Authenticate",
        "405": "Allow",
        "412": "ETag",
        "429": "Retry-After",
        "503": "Retry-After",
    }
    for *_, operation in _operations(document):
        for status, response in _responses(document, operation):
            assert "X-Request-ID" in response["headers"]
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]
                assert needed.get(status, "Cache-Control") in response["headers"]


def test_every_body_has_an_example(either: Document) -> None:
    """Requests and answers alike."""
    for *_, operation in _operations(either):
        bodies = [response for _, response in _responses(either, operation)]
        bodies += [operation["requestBody"]] if "requestBody" in operation else []
        for body in bodies:
            for media in body.get("content", {}).values():
                assert media["examples"]


def test_every_example_fits_its_schema(either: Document) -> None:
    """Of bodies, parameters and headers."""
    examples = list(_examples(either))
    assert len(examples) > 100
    for place, schema, example in examples:
        # The whole document beside the schema, so that references find what they name.
        validator = jsonschema_rs.Draft202012Validator(
            {**schema, "components": either["components"]}, validate_formats=True
        )
        assert validator.is_valid(example), (place, example)


def test_everything_that_is_named_is_used(either: Document) -> None:
    """No component that nothing refers to; what is referred to and missing fails the validation above."""
    references = set(re.findall(r'"#/components/(\w+)/([^"/]+)"', json.dumps(either)))
    components = {
        (kind, name) for kind, named in either["components"].items() if kind != "securitySchemes" for name in named
    }
    assert components == references


def test_links_lead_to_operations_and_their_parameters(document: Document) -> None:
    """A client that follows one finds everything that it fills in."""
    operations = {operation["operationId"]: operation for *_, operation in _operations(document)}
    links = [
        link
        for operation in operations.values()
        for _, response in _responses(document, operation)
        for link in response.get("links", {}).values()
    ]
    assert links
    for link in links:
        names = {parameter["name"] for parameter in _parameters(document, operations[link["operationId"]])}
        assert {name.rpartition(".")[2] for name in link["parameters"]} <= names


def test_the_setting_changes_what_a_list_is() -> None:
    """`TASK_LIST_SHAPE=object` serves objects, and its document says so."""
    array, object_ = _served(), _served(task_list_shape="object")
    assert array["components"]["schemas"]["TaskList"]["type"] == "array"
    assert object_["components"]["schemas"]["TaskList"]["required"] == ["tasks", "total", "count"]
    assert [path for path, *_ in _operations(array)] == [path for path, *_ in _operations(object_)]


def _served(**settings: str) -> Document:
    with environ({}):  # nothing of the machine's own settings leaks in
        document: Document = json.loads(served(**settings))
    return document


def _application() -> FastAPI:
    """What lies within all the layers around it."""
    app: Any = application(settings(environment("postgresql://nobody@localhost/nothing", "redis://localhost")))
    while not isinstance(app, FastAPI):
        app = getattr(app, "_app", None) or app.app
    return app


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _resolved(document: Document, item: Document) -> Document:
    while "$ref" in item:
        _, _, kind, name = item["$ref"].split("/")
        item = document["components"][kind][name]
    return item


def _parameters(document: Document, operation: Document) -> list[Document]:
    return [_resolved(document, parameter) for parameter in operation["parameters"]]


def _responses(document: Document, operation: Document) -> Iterator[tuple[str, Document]]:
    for status, response in operation["responses"].items():
        yield status, _resolved(document, response)


def _examples(document: Document) -> Iterator[tuple[str, Document, Any]]:
    """Every example with its schema, wherever one stands: both are members of the same object."""

    def walk(place: str, item: Any) -> Iterator[tuple[str, Document, Any]]:
        if isinstance(item, dict):
            if "schema" in item and "example" in item:
                yield place, item["schema"], item["example"]
            if "schema" in item:
                yield from (
                    (f"{place}/{name}", item["schema"], made["value"])
                    for name, made in item.get("examples", {}).items()
                )
        members = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        for name, member in members:
            yield from walk(f"{place}/{name}", member)

    yield from walk("#", document)
