"""Serves the OpenAPI document, and a page that shows it without any other host."""

from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
import swagger_ui_bundle
from litestar import Litestar, Request, Response, Router, get
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme, Tag
from litestar.params import FromPath
from litestar.typing import FieldDefinition

from forum.errors import NotFound
from forum.openapi import TAGS, complete
from forum.permissions import Permission

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_START = 'SwaggerUIBundle({url: "/schema/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null});\n'
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Forum API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/schema/assets/swagger-ui.css"></head>
<body><main id="ui"></main><script src="/schema/assets/swagger-ui-bundle.js"></script>
<script src="/schema/assets/start.js"></script></body></html>
"""


class DocumentPlugin(OpenAPIRenderPlugin):
    """The document as JSON, completed with what holds for every route."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type=MediaType.JSON)
        self._bytes: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The bytes of the document, made once."""
        if self._bytes is None:
            self._bytes = encode_document(request.app)
        return self._bytes


class PagePlugin(OpenAPIRenderPlugin):
    """Swagger UI, from the assets of an installed package."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        return _PAGE.encode()

    def receive_router(self, router: Router) -> None:
        """Serve the page's assets beside it."""
        router.register(get_asset)


@cache
def _asset(name: str) -> bytes:
    folder: Path = swagger_ui_bundle.swagger_ui_path
    return (folder / name).read_bytes()


@get("/assets/{name:str}", include_in_schema=False)
async def get_asset(name: FromPath[str]) -> Response[bytes]:
    """A script or stylesheet of the documentation page."""
    headers = {"Cache-Control": "public, max-age=86400"}
    if name == "start.js":
        return Response(_START.encode(), media_type="text/javascript", headers=headers)
    if name not in _ASSETS:
        raise NotFound
    return Response(_asset(name), media_type=_ASSETS[name], headers=headers)


def encode_document(app: Litestar) -> bytes:
    """The completed document as JSON with sorted keys: the same bytes on every run."""
    handlers = _documented(app)
    public = {str(h.operation_id) for h in handlers if h.opt.get("permission") in (None, Permission.PUBLIC)}
    files = {str(h.operation_id): h.opt["takes"] for h in handlers if "takes" in h.opt}
    schema = complete(app.openapi_schema.to_schema(), _types_of(handlers), public, files)
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=1) + b"\n"


def _documented(app: Litestar) -> list[HTTPRouteHandler]:
    found = [handler for route in app.routes for handler in getattr(route, "route_handlers", [])]
    return [handler for handler in found if handler.resolve_include_in_schema()]


def _types_of(handlers: list[HTTPRouteHandler]) -> list[Any]:
    """Every struct that a documented route takes or answers."""
    fields = [field for handler in handlers for field in (handler.parsed_data_field, handler.parsed_return_field)]
    known = [field for field in fields if field is not None]
    annotations = [_inner(field) if field.is_subclass_of(Response) else field.annotation for field in known]
    each = [one for annotation in annotations for one in _options(annotation)]
    return [annotation for annotation in each if _is_struct(get_origin(annotation) or annotation)]


def _options(annotation: Any) -> tuple[Any, ...]:
    """What an annotation allows, one by one."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _inner(field: FieldDefinition) -> Any:
    """What a `Response[...]` holds."""
    return field.inner_types[0].annotation if field.inner_types else None


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


def openapi_config() -> OpenAPIConfig:
    """What Litestar needs to derive the document."""
    return OpenAPIConfig(
        title="Forum",
        version="1.0.0",
        description="The backend that a multi-stakeholder forum runs on: programme, places, attendance, "
        "pledges and calendars.",
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        use_handler_docstrings=True,
        create_examples=False,
        path="/schema",
        render_plugins=[DocumentPlugin(), PagePlugin()],
        tags=[Tag(name=name, description=words) for name, words in TAGS.items()],
        components=Components(
            security_schemes={"token": SecurityScheme(type="http", scheme="bearer", description="An opaque token.")}
        ),
    )
