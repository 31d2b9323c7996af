"""Completes the OpenAPI document: what section 1 of the contract says of every route is written in here, once.

Litestar derives parameters, bodies and answers from the handlers. It does not know that a POST honours
`Idempotency-Key`, that errors are problem documents, or which statuses the kernel can answer.
"""

import re
from collections.abc import Container, Iterable, Mapping
from inspect import cleandoc
from typing import Any, Final

import msgspec

from forum.errors import Problem

TAGS: Final = {
    "accounts": "Sign-in, tokens and roles.",
    "editions": "Series, their vocabularies, and editions.",
    "programme": "Rooms, tracks, sessions and the published programme.",
    "speakers": "Speakers, their appearances, and lists of speakers.",
    "proposals": "Calls for proposals, proposals, their scores and decisions.",
    "entities": "States, cities and organizations, and their delegations.",
    "registrations": "Who takes part, who waits, and badges.",
    "letters": "Visa and invitation letters.",
    "bookings": "Who has a place in which session, and who waits for one.",
    "agenda": "What somebody has starred and booked.",
    "attendance": "Scans, presence and occupancy.",
    "pledges": "Pledges and their announcements.",
    "calendars": "Calendar feeds.",
    "notifications": "Mails, and what became of them.",
    "privacy": "What is held of you, and how it is erased.",
    "statistics": "Figures and reports.",
    "platform": "Health.",
}
_REASONS: Final = {
    400: "The request cannot be read.",
    401: "A valid token is needed.",
    403: "Your roles do not allow this.",
    404: "There is no such thing, or it is not visible to you.",
    409: "The state of things does not allow this.",
    412: "Somebody changed it since you read it; `changes`, where given, has both versions of the fields you sent.",
    413: "The request is too large.",
    415: "The body is of a type that is not taken here.",
    422: "The request is well formed but wrong; every fault is named.",
    428: "If-Match is needed.",
    503: "A part that it depends on does not answer; try again after `Retry-After`.",
}
_FORMATS: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Send the same key again to read the stored answer instead of doing the work twice; kept 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def complete(
    schema: dict[str, Any], types: Iterable[Any], public: Container[str], files: Mapping[str, Iterable[str]]
) -> dict[str, Any]:
    """The document with the common rules written into every operation.

    `types` are those that routes take and answer: their schemas are msgspec's own, by which bodies are decoded,
    instead of Litestar's, which leave out constraints inside lists, maps and unions. `public` names the operations
    that need no token, `files` those that take a file, and of which types.
    """
    _tidy(schema)
    _, exact = msgspec.json.schema_components([*types, Problem], ref_template="#/components/schemas/{name}")
    for described in (node for node in exact.values() if "description" in node):
        described["description"] = cleandoc(described["description"])  # up to Python 3.12 it is indented
    schema["components"]["schemas"] |= exact
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                if types_of_file := files.get(item[method]["operationId"]):
                    item[method]["requestBody"] = _file_body(types_of_file)
                _complete_operation(path, method, item[method], schema)
                open_to_all = item[method]["operationId"] in public
                item[method]["security"] = [{}, {"token": []}] if open_to_all else [{"token": []}]
    return schema


def _file_body(media_types: Iterable[str]) -> dict[str, Any]:
    schema = {"type": "string", "format": "binary"}
    return {"required": True, "content": {name: {"schema": dict(schema)} for name in media_types}}


def _complete_operation(path: str, method: str, operation: dict[str, Any], schema: dict[str, Any]) -> None:
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    parameters = operation.setdefault("parameters", [])
    conditional = False
    for parameter in parameters:
        if parameter["name"].lower() == "if-match":
            conditional = True
            parameter.update(required=True, schema={"type": "string", "minLength": 1})
            parameter["description"] = "The ETag that you read, or `*`."
    if method == "post" and path.startswith("/v1"):
        parameters.append(dict(_IDEMPOTENCY_KEY))
    if not parameters:
        del operation["parameters"]
    body = operation.get("requestBody")
    if method == "post" and body and (json := body["content"].get("application/json")):
        content = json["schema"]
        body["required"] = bool(_resolve(content, schema).get("required"))
    responses = operation["responses"]
    for status in _statuses(path, method, operation, conditional):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses[str(status)] = {"description": _REASONS[status], "content": content}
    for status, response in responses.items():
        if status.startswith("2"):
            _allow_overlap(response)
            _add_headers(response, status, schema)
            _name_as_bytes(response)
            _name_formats(response, parameters)


def _statuses(path: str, method: str, operation: dict[str, Any], conditional: bool) -> list[int]:
    statuses = {503}
    operation["responses"].pop("400", None)
    if not path.startswith("/v1"):
        return sorted(statuses)
    statuses |= {400, 401, 403, 422}
    if "{" in path:
        statuses.add(404)
    if "requestBody" in operation:
        statuses |= {413, 415}
    if method != "get":
        statuses |= {404, 409}
    elif "409 `" in operation.get("description", ""):
        statuses.add(409)
    if conditional:
        statuses |= {412, 428}
    return sorted(statuses)


def _name_formats(response: dict[str, Any], parameters: list[dict[str, Any]]) -> None:
    """What `?format=` can ask for beside JSON."""
    asked: dict[str, Any] = next((parameter["schema"] for parameter in parameters if parameter["name"] == "format"), {})
    for name in sorted(_FORMATS.keys() & set(asked.get("enum", []))):
        response["content"][_FORMATS[name]] = {"schema": {"type": "string", "format": "binary"}}


def _allow_overlap(response: dict[str, Any]) -> None:
    """Where an answer is one of two things, of which one has more fields, it can be read as both."""
    for media in response.get("content", {}).values():
        if options := media.get("schema", {}).pop("oneOf", None):
            media["schema"]["anyOf"] = options


def _name_as_bytes(response: dict[str, Any]) -> None:
    """Pictures and prints by a second name: some generators of clients know bytes only as an octet stream."""
    content = response.get("content", {})
    if any(name.startswith(("image/", "application/pdf")) for name in content):
        content["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}


def _add_headers(response: dict[str, Any], status: str, schema: dict[str, Any]) -> None:
    headers = response.setdefault("headers", {})
    headers["X-Request-Id"] = {"description": "Quote it when you ask for help.", "schema": {"type": "string"}}
    for media in response.get("content", {}).values():
        fields = _fields(media.get("schema", {}), schema)
        if "version" in fields:
            headers["ETag"] = {"description": "The version, for If-Match.", "schema": {"type": "string"}}
        if status == "201" and "id" in fields:
            headers["Location"] = {"description": "Where it is.", "schema": {"type": "string"}}
        if "next_cursor" in fields:
            headers["Link"] = {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}}
    if not headers:
        del response["headers"]


def _fields(node: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """The names of what an answer, or the one with more of two, has."""
    options = [_resolve(option, schema) for option in node.get("anyOf", [node])]
    return {name for option in options for name in option.get("properties", {})}


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    return node


def _tidy(schema: dict[str, Any]) -> None:
    """Component names without brackets and module paths."""
    schemas = schema["components"]["schemas"]
    names = {name: _component_name(name) for name in schemas}
    schema["components"]["schemas"] = {names[name]: node for name, node in schemas.items()}
    _rename(schema, {f"#/components/schemas/{old}": f"#/components/schemas/{new}" for old, new in names.items()})


def _component_name(name: str) -> str:
    """msgspec's name of a type: `Page_forum.editions.types.Edition_` becomes `Page_Edition_`."""
    return re.sub(r"[^A-Za-z0-9]", "_", re.sub(r"forum(\.[a-z_]+)+\.", "", name))


def _rename(node: Any, references: dict[str, str]) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            node["$ref"] = references.get(node["$ref"], node["$ref"])
        for child in node.values():
            _rename(child, references)
    elif isinstance(node, list):
        for child in node:
            _rename(child, references)
