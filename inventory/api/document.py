"""This module is about the OpenAPI document: what each view takes and gives, as JSON Schema."""

from collections.abc import Callable
from typing import Any

from apiflask import APIFlask

VERSION = "3.1.0"
PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "A sentence in the reader's language."},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "instance": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def schema(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def documented(
    summary: str,
    *,
    body: dict[str, Any] | None = None,
    body_type: str = "application/json",
    answer: dict[str, Any] | None = None,
    status: int = 200,
    mimetype: str | tuple[str, ...] = "application/json",
    query: dict[str, dict[str, Any]] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say what a view takes and gives; the document is made from it."""

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        view.takes = frozenset(query or ()) | getattr(view, "takes", frozenset())  # type: ignore[attr-defined]
        view.documented = {  # type: ignore[attr-defined]
            "summary": summary, "body": body, "body_type": body_type, "answer": answer,
            "status": status, "mimetype": mimetype, "query": query or {},
        }  # fmt: skip
        return view

    return declare


def init_app(app: APIFlask) -> None:
    """Let the document tell bodies, answers, parameters and problems of every view."""
    app.config["OPENAPI_VERSION"] = VERSION
    app.config["LOCAL_SPEC_JSON_INDENT"] = 0
    app.security_schemes = {"bearer": {"type": "http", "scheme": "bearer"}}

    @app.spec_processor  # type: ignore[arg-type]
    def _complete(spec: dict[str, Any]) -> dict[str, Any]:
        spec.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
        spec["security"] = [{"bearer": []}]
        operations = _operations(app)
        spec["paths"] = {
            path: {
                method: _operation(given, operations[path, method])
                for method, given in methods.items()
                if (path, method) in operations
            }
            for path, methods in spec["paths"].items()
            if any((path, method) in operations for method in methods)
        }
        return spec


def _operations(app: APIFlask) -> dict[tuple[str, str], dict[str, Any]]:
    """Every documented view by its path in OpenAPI's form and its method."""
    found = {}
    for rule in app.url_map.iter_rules():
        told = getattr(app.view_functions[rule.endpoint], "documented", None)
        if told is None:
            continue
        path = rule.rule
        for argument in rule.arguments:
            for form in (f"<string:{argument}>", f"<{argument}>"):
                path = path.replace(form, f"{{{argument}}}")
        for method in rule.methods or ():
            found[path, method.lower()] = told
    return found


def _operation(given: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    operation = {
        "operationId": given.get("operationId") or told["summary"],
        "summary": told["summary"],
        "tags": given.get("tags", []),
        "parameters": [*_path_parameters(given), *_query_parameters(told)],
        "responses": _responses(told),
    }
    if told["body"] is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {told["body_type"]: {"schema": told["body"]}},
        }
    return operation


def _path_parameters(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in given.get("parameters", []) if one.get("in") == "path"]


def _query_parameters(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": False, "schema": form}
        for name, form in told["query"].items()
    ]


def _responses(told: dict[str, Any]) -> dict[str, Any]:
    kinds = told["mimetype"] if isinstance(told["mimetype"], tuple) else (told["mimetype"],)
    content = {kind: {"schema": told["answer"] or {}} for kind in kinds}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(told["status"]): {"description": "Done.", "content": content},
        "4XX": {"description": "Refused, with the reason.", "content": problem},
        "503": {"description": "Something needed is not available.", "content": problem},
    }
