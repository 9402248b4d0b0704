"""Tests of the validation of model files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.base.errors import ConfigurationError
from bot.options.catalog import PACKAGED
from bot.options.model_file import read_model_file
from storage.job import Json
from tests.support.model_samples import ANIMATE, model_file, schema_of

TEXT: Mapping[str, Json] = {"type": "string"}
FLAG: Mapping[str, Json] = {"type": "boolean"}
CHOICES: Mapping[str, Json] = {"enum": ["x", "y"]}


def shots_that_set(values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a model file with a list of shots that gives other options these values."""
    shots: Mapping[str, Json] = {"type": "array", "items": {"type": "object"}}
    part: Mapping[str, Json] = {"noun": "Shot", "most": 2, "members": {"say": TEXT}, "sets": values}
    return model_file({"a": CHOICES, "shots": shots}, items={"shots": part})


def expecting(expects: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a model file with an option `a` and this expectation."""
    return model_file({"a": TEXT}, expectations=[{"expects": expects, "otherwise": "Sure?"}])


def read(folder: Path, content: str | Mapping[str, Json]) -> None:
    """Write a model file and read it."""
    path = folder / "sample.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    read_model_file(path)


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.json")), ids=lambda path: path.name)
def test_a_packaged_file_is_valid(path: Path) -> None:
    """The start reads it without these checks."""
    file, options = read_model_file(path)
    assert read_model_file(path, check=False) == (file, options)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    read(tmp_path, "\ufeff" + json.dumps(ANIMATE))


@pytest.mark.parametrize(
    "content",
    [
        model_file({"a": {"type": "x" * 100_000}}),
        model_file({"x" * 100_000: {"type": "nothing"}}),
        model_file({"a": {"type": "string"}}, images=["x" * 100_000]),
    ],
)
def test_a_problem_is_told_in_a_line(tmp_path: Path, content: Mapping[str, Json]) -> None:
    """However long what is wrong is."""
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, content)
    assert len(str(raised.value)) < 700 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "it is not JSON: Expecting property name"),
        ('{"slug": NaN}', "it is not JSON: NaN is no value of JSON"),
        ('{"slug": 1e999}', "it is not JSON: a number is too large"),
        ("[" * 100_000, "it is not JSON: nested too deeply"),
        ("[]", "the file: "),
        ({"schema": {}}, "slug: Field required"),
        ({"slug": "x"}, "schema: Field required"),
        ({"slug": "x y", "schema": {}}, "slug: String should match"),
        ({"slug": "x", "schema": {}, "titel": ""}, "titel: Extra inputs"),
        ({"slug": "x", "schema": {}, "bot": {"alias": {}}}, r"bot\.alias: Extra inputs"),
        (model_file({"a": TEXT}, images=["b"]), "bot.images names `b`"),
        (model_file({"a": FLAG}, images=["a"]), "`a` takes images, so it must hold text"),
        (model_file({"a": {"enum": ["b"]}}, images=["a"]), "`a` takes images, so it must"),
        (model_file({"prompt": TEXT}, images=["prompt"]), "`prompt` takes images, so it must"),
        (
            model_file({"a": {"type": "array", "items": FLAG}}, images=["a"]),
            "`a` takes images, so it must hold text",
        ),
        (model_file({"a": FLAG}, videos=["a"]), "`a` takes videos, so it must hold text"),
        (model_file({"a": TEXT}, audio=["b"]), "bot.audio names `b`"),
        (model_file({"a": TEXT}, images=["a"], videos=["a"]), "`a` cannot be in two of bot.images"),
        (model_file({"a": TEXT}, max_prompt=0), r"bot\.max_prompt: Input should be greater"),
        ({"slug": "x", "schema": {}}, "must have the type object, and properties"),
        ({"slug": "x", "schema": {"type": "object"}}, "must have the type object, and properties"),
        (model_file({"a": {"type": "text"}}), "properties/a/type is not JSON Schema"),
        (model_file({"a": {"pattern": "("}}), "properties/a/pattern is not JSON Schema"),
        (model_file({"a": {"type": "integer", "exclusiveMinimum": True}}), "is not JSON Schema"),
        ({"slug": "x", "schema": {"properties": []}}, "properties is not JSON Schema"),
        (
            {"slug": "x", "schema": {**schema_of({"a": TEXT}), "$schema": "http://else/"}},
            "written in `http://else/`",
        ),
        (model_file({"a": {"anyOf": []}}), "is not JSON Schema"),
        (model_file({"a": {"anyOf": [TEXT]}}), "the schema keyword `anyOf` in properties/a is not"),
        (
            {"slug": "x", "schema": {**schema_of({"a": TEXT}), "minProperties": 1}},
            "`minProperties` in the schema itself is not understood",
        ),
        (
            model_file({"a": {"type": "array", "items": {"type": "string", "contains": TEXT}}}),
            "`contains` in properties/a/items is not understood",
        ),
        (
            model_file({"a": {"type": "object", "properties": {"b": {"not": {}}}}}),
            "`not` in properties/a/properties/b is not understood",
        ),
        (
            model_file({"a": {"type": "object", "additionalProperties": {"$ref": "#"}}}),
            r"`\$ref` in properties/a/additionalProperties is not understood",
        ),
        (model_file({"a": True}), "properties/a must be a schema, not true"),
        (model_file({"a": {"type": "array", "items": False}}), "properties/a/items must be"),
        (model_file({"a": {}}), "`a` must have one type out of string, integer"),
        (model_file({"a": {"type": ["string", "integer"]}}), "`a` must have one type"),
        (model_file({"a": {"type": "null"}}), "`a` must have one type"),
        (model_file({"a": {"enum": [None]}}), "`a` must have one type"),
        (model_file({"a": TEXT}, "b"), r"schema\.required names `b`"),
        (model_file({"a": TEXT}, aliases={"x": "b"}), r"bot\.aliases names `b`"),
        (model_file({"a": TEXT}, other_names={"x": "b"}), r"bot\.other_names names `b`"),
        (model_file({"a": TEXT, "b": TEXT}, other_names={"B": "a"}), "`B`, which is a flag"),
        (model_file({"a": TEXT}, help={"b": "Text."}), r"bot\.help names `b`"),
        (model_file({"a": TEXT}, render_time_by=["b"]), r"bot\.render_time_by names `b`"),
        (
            model_file({"a": TEXT}, render_times=[{"when": {"b": 1}, "shortest": 1, "longest": 2}]),
            r"bot\.render_times names `b`",
        ),
        (
            model_file({"a": TEXT}, render_times=[{"shortest": 60, "longest": 60}]),
            r"bot\.render_times\.0: .*longest is not more than shortest",
        ),
        (model_file({"a": TEXT}, render_times=[{"shortest": 0, "longest": 9}]), "greater than"),
        (model_file({"a": TEXT}, upgrades=[{"label": "Big", "set": {"b": ""}}]), "names `b`"),
        (
            model_file({"a": {"enum": ["x"]}}, upgrades=[{"label": "Big", "set": {"a": "y"}}]),
            r"bot\.upgrades: Big sets `a` to what it does not allow",
        ),
        (
            model_file({"a": TEXT}, upgrades=[{"label": "Big", "set": {"a": "y" * 1800}}]),
            r"bot\.upgrades: Big sets too much for a button",
        ),
        (
            model_file({"a": TEXT}, upgrades=[{"label": "L" * 76, "set": {"a": "y"}}]),
            r"bot\.upgrades\.0\.label: .*at most 75",
        ),
        (model_file({"a": TEXT}, upgrades=[{"label": "Big", "set": {}}]), r"upgrades\.0\.set"),
        (shots_that_set({"b": 1}), "bot.items: `shots` sets `b` to what it does not allow"),
        (shots_that_set({"a": "z"}), "bot.items: `shots` sets `a` to what it does not allow"),
        (shots_that_set({"shots": []}), "bot.items: `shots` sets `shots` to what"),
        (model_file({"a": TEXT}, units={"b": ["s"]}), "bot.units names `b`"),
        (model_file({"a": TEXT}, synonyms={"b": {}}), "bot.synonyms names `b`"),
        (
            model_file({"a": CHOICES}, synonyms={"a": {"z": ["y"]}}),
            "bot.synonyms: `a` has no choice `z`",
        ),
        (
            model_file({"a": CHOICES}, synonyms={"a": {"x": ["z"], "y": ["Z"]}}),
            "bot.synonyms: `z` of `a` has two meanings",
        ),
        (
            model_file({"a": CHOICES}, synonyms={"a": {"x": ["Y"]}}),
            "bot.synonyms: `y` of `a` has two meanings",
        ),
        (model_file({"a": TEXT}, image_limits={"formats": ["tiff"]}), r"image_limits\.formats"),
        (model_file({"a": TEXT}, image_limits={"longest_ratio": 0.5}), "longest_ratio"),
        (expecting({"type": "text"}), r"bot\.expectations\.0 is not JSON Schema"),
        (expecting({"properties": {"b": {}}}), r"bot\.expectations\.0 names `b`"),
        (expecting({"if": {"required": ["b"]}, "then": {}}), "names `b`"),
        (expecting({"not": {"anyOf": [{"required": ["b"]}]}}), "names `b`"),
        (expecting({"x-sum": {"list": "a", "member": "c", "total": "b"}}), "names `b`"),
        (model_file({"a b": TEXT}), "`a b` cannot be typed as a flag"),
        (model_file({"a": TEXT}, aliases={"-": "a"}), "`-` cannot be typed as a flag"),
        (model_file({"model": TEXT}), "`--model` would mean `model` and also the choice"),
        (model_file({"a_b": TEXT, "A-B": TEXT}), "`--a-b` would mean `A-B` and also `a_b`"),
        (model_file({"a": TEXT, "b": TEXT}, aliases={"A": "b"}), "`--a` would mean `b` and also"),
        (
            model_file({"a": FLAG, "no_b": TEXT}, aliases={"b": "a"}),
            "`--no-b` would mean `no_b` and also `a`",
        ),
        (model_file({"a": FLAG, "no_a": TEXT}), "`--no-a` would mean `no_a` and also `a`"),
        (model_file({"prompt": {"type": "array"}}), "`prompt` must have the type string"),
        (model_file({"a": {"type": "integer", "maximum": 1, "default": 2}}), "the default of `a`"),
    ],
)
def test_an_invalid_file_is_refused_with_its_name_and_the_reason(
    tmp_path: Path, content: str | Mapping[str, Json], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"(?s)sample\.json: .*{reason}"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("depth", "reason"),
    [(240, "nested too deeply"), (400, "Recursion error - maximum validation depth exceeded")],
)
def test_a_too_deeply_nested_schema_is_refused(tmp_path: Path, depth: int, reason: str) -> None:
    deep = '{"type": "array", "items": ' * depth + "{}" + "}" * depth
    content = f'{{"slug": "x", "schema": {{"type": "object", "properties": {{"a": {deep}}}}}}}'
    with pytest.raises(ConfigurationError, match=reason):
        read(tmp_path, content)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sample.json").mkdir()
    with pytest.raises(ConfigurationError, match=r"sample\.json cannot be read"):
        read_model_file(tmp_path / "sample.json")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sample.json"
    path.write_bytes(b'{"slug": "\xff"}')
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_model_file(path)


@pytest.mark.parametrize(
    "part",
    [
        {"type": ["string", "null"], "default": None},
        {"enum": ["a", "b", None]},
        {"const": True},
        {"enum": [1.5]},
        {"enum": [1, "x"]},
        {"const": {"a": 1}},
        {"const": [1]},
        {"type": "string", "x-anything": {"at": "all"}},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "array", "items": {"type": "null"}},
    ],
)
def test_a_valid_property_is_read(tmp_path: Path, part: Mapping[str, Json]) -> None:
    read(tmp_path, model_file({"a": part}))
