"""Model files for tests; `ANIMATE` uses every feature of a schema that the packaged one lacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bot.options.catalog import Catalog, Model
from storage.job import Json

ANIMATE: Mapping[str, Json] = {
    "slug": "studio/animate-2",
    "title": "Animate 2",
    "schema": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "required": ["image_urls", "resolution"],
        "properties": {
            "image_urls": {
                "type": "array",
                "items": {"type": "string", "format": "uri"},
                "minItems": 1,
                "maxItems": 3,
                "x-playground": {"accept": "image/*", "widget": "file-upload"},
            },
            "resolution": {"enum": [480, 720, "auto", None], "default": 720},
            "guidance": {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.1},
            "seed": {"type": "integer", "minimum": -1, "maximum": 18446744073709551615},
            "loop": {"type": "boolean", "default": True},
            "points": {
                "type": "array",
                "items": {"type": "array", "items": {"type": "integer"}, "minItems": 2},
            },
            "camera": {
                "type": "object",
                "properties": {
                    "pan": {"type": "integer", "minimum": -10, "maximum": 10},
                    "name": {"type": "string", "maxLength": 5},
                },
                "required": ["pan"],
                "additionalProperties": False,
                "x-playground": {"advanced": True},
            },
            "tags": {"type": "array", "items": {"enum": ["calm", "wild"]}, "uniqueItems": True},
            "code": {"type": "string", "pattern": "^[A-Z]{2}$", "description": "A country."},
        },
        "additionalProperties": False,
    },
}
ANIMATE_SLUG = "studio/animate-2"


def schema_of(properties: Mapping[str, Json], *required: str) -> Mapping[str, Json]:
    """Return an object's schema with these properties."""
    return {"type": "object", "properties": properties, "required": list(required)}


def model_file(properties: Mapping[str, Json], *required: str, **bot: Json) -> Mapping[str, Json]:
    """Return a model file named `sample` with these properties and settings of the bot."""
    return {"slug": "sample", "schema": schema_of(properties, *required), "bot": bot}


def write(folder: Path, content: Mapping[str, Json], name: str = "sample.json") -> Path:
    """Write a model file and return its folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def catalog_with(folder: Path, *contents: Mapping[str, Json]) -> Catalog:
    """Return a catalog of the packaged models and these."""
    for position, content in enumerate(contents):
        write(folder, content, f"{position}.json")
    return Catalog.load(folder)


def model_with(folder: Path, properties: Mapping[str, Json], *required: str, **bot: Json) -> Model:
    """Return a model named `sample` with these properties."""
    return catalog_with(folder, model_file(properties, *required, **bot)).get("sample")
