"""Holds a JSON document against a JSON Schema, as far as this package's own schema file goes.

Only the keywords in `KEYWORDS` are known (a test keeps the file to them): ComfyUI ships no validator, and the pack's
routes may use nothing that ComfyUI does not ship.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import TemplateError
from ..graphs import kind_of
from .parameters import same, show

KEYWORDS = {
    "$ref", "type", "const", "enum", "required", "properties", "additionalProperties", "items", "minItems",
    "minProperties", "minLength", "pattern", "exclusiveMinimum", "allOf", "if", "then", "oneOf",
    "$schema", "$id", "$defs", "title", "description",
}  # fmt: skip
_TYPES = {
    "object": "an object", "array": "a list", "string": "text", "number": "a number", "integer": "a whole number",
    "boolean": "true or false", "null": "null",
}  # fmt: skip


def validate(document: Any, schema: Mapping[str, Any]) -> None:
    """Raises TemplateError for the first part of a document that does not fit, with a JSON pointer to it."""
    _validate(document, schema, schema, "")


def _validate(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if "$ref" in schema:
        return _validate(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, where)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        raise TemplateError(f"must be {' or '.join(_TYPES[kind] for kind in kinds)}, but is {kind_of(value)}", where)
    if "const" in schema and not same(value, schema["const"]):
        raise TemplateError(f"must be {show(schema['const'])}, but is {show(value)}", where)
    if "enum" in schema and not any(same(value, allowed) for allowed in schema["enum"]):
        raise TemplateError(f"{show(value)} is not one of {', '.join(map(show, schema['enum']))}", where)
    if isinstance(value, str):
        _validate_text(value, schema, where)
    elif isinstance(value, Mapping):
        _validate_object(value, schema, root, where)
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            raise TemplateError("must not be empty", where)
        for index, item in enumerate(value):
            _validate(item, schema.get("items", {}), root, f"{where}/{index}")
    elif _is(value, "number") and "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        raise TemplateError(f"must be above {schema['exclusiveMinimum']}, but is {show(value)}", where)
    for part in schema.get("allOf", []):
        _validate(value, part, root, where)
    if "if" in schema and _fits(value, schema["if"], root):
        _validate(value, schema.get("then", {}), root, where)
    if "oneOf" in schema and sum(_fits(value, part, root) for part in schema["oneOf"]) != 1:
        raise TemplateError(schema.get("description", "must have exactly one of several forms"), where)
    return None


def _validate_text(value: str, schema: Mapping[str, Any], where: str) -> None:
    if "pattern" in schema and not re.search(schema["pattern"].replace("$", r"\Z"), value):
        raise TemplateError(f"{show(value)} does not fit: {schema.get('description', schema['pattern'])}", where)
    if len(value) < schema.get("minLength", 0):
        raise TemplateError("must not be empty", where)


def _validate_object(value: Mapping[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if len(value) < schema.get("minProperties", 0):
        raise TemplateError("must not be empty", where)
    for name in schema.get("required", []):
        if name not in value:
            raise TemplateError(f'"{name}" is missing', where)
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, item in value.items():
        pointer = f"{where}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if name in known:
            _validate(item, known[name], root, pointer)
        elif others is False:
            raise TemplateError(f'"{name}" is not known here; known are: {", ".join(known)}', where)
        elif others is not True:
            _validate(item, others, root, pointer)


def _fits(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    try:
        _validate(value, schema, root, "")
    except TemplateError:
        return False
    return True


def _is(value: Any, kind: str) -> bool:
    if kind in ("number", "integer"):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and (kind == "number" or value == value // 1)
    kinds = {"object": Mapping, "array": list, "string": str, "boolean": bool, "null": type(None)}
    return isinstance(value, kinds[kind])
