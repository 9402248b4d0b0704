"""Reads what was copied from a model's page at MindVideo: the model's slug and its schema. Pure.

The page shows a curl example, whose body names the slug, and the input's JSON Schema. They may come
in any order, among any other text. Of this text nothing else is kept: an example may hold an API
key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.base.errors import ConfigurationError, UsageError
from bot.base.json import parse_document
from bot.base.patterns import lazy_compile
from bot.options.characters import FIXED_SPACES, without_line_breaks
from bot.options.model_file import SLUG
from bot.options.schema import (
    PROMPT,
    FileKind,
    Kind,
    Schema,
    as_mapping,
    choices_of,
    properties_of,
    required_of,
    types_of,
    uploaded_kind,
)
from bot.options.values import clean
from bot.options.wording import is_visible, quoted, short
from storage.job import Json

MOST_CHARACTERS = 200_000
"""A whole page has a twentieth of it; the worst schema of this size is checked in seconds."""
MOST_OPTIONS = 100
"""Of a schema: a form of Slack's has as many blocks.
https://docs.slack.dev/reference/views/modal-views"""

_LONGEST_DESCRIPTION = 300
_LONGEST_SLUG = 200
# Spaces with which pages keep lines together, and marks of no width, are no white space of JSON.
_PLAIN_SPACES = str.maketrans({**dict.fromkeys(FIXED_SPACES, " "), "\u200b": None, "\ufeff": None})
_SLUG = lazy_compile(SLUG)
# The body of a request, plain or with its quotes escaped for a shell.
_NAMED = lazy_compile(
    rf"""\\?"model\\?"\s{{0,9}}:\s{{0,9}}\\?"([^"\\\n]{{0,{_LONGEST_SLUG}}})\\?\""""
)
# MindVideo's keys begin so; another gateway's stand behind the name of their scheme.
_KEY = lazy_compile(r"\bmv_(?:live|test)_\w+|(?<=Bearer )[^\s\"'\\]{8,}")
_MARKS = lazy_compile(r'\\.|[{}"\n]', re.DOTALL)
_ENTITY = lazy_compile(r"&(?:quot|amp|lt|gt|apos|nbsp|#[0-9]{1,5}|#x[0-9a-fA-F]{1,5});")
_CURLY = lazy_compile("[“”„‟″]")
_TRAILING_COMMA = lazy_compile(r",\s*[}\]]")
_PROPERTIES = "properties"

_ADDRESS = r"(?:_(?:url|uri|link|file)s?)?(?:_?[0-9]{1,2})?"
_NAMES = {
    FileKind.IMAGE: lazy_compile(rf"(?:.*_)?(?:image|frame|picture|photo)s?{_ADDRESS}"),
    FileKind.VIDEO: lazy_compile(rf"(?:.*_)?(?:video|clip)s?{_ADDRESS}"),
    FileKind.AUDIO: lazy_compile(rf"(?:.*_)?(?:audio|(?:sound|music|voice|speech)(?=_)){_ADDRESS}"),
}
_LISTS = {FileKind.IMAGE: "images", FileKind.VIDEO: "videos", FileKind.AUDIO: "audio"}
_FIRST_NAME = lazy_compile(r"(?:.*_)?(?:first|start|head)(?:_.*)?")
_LAST_NAME = lazy_compile(r"(?:.*_)?(?:last|end|tail)(?:_.*)?")
_HUMP = lazy_compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """What a copied text says of a model."""

    slug: str
    title: str
    description: str
    schema: Schema
    line: int
    """The line in which the schema begins, counted from 1."""
    files: Mapping[FileKind, tuple[str, ...]]
    """The properties that take files, by kind; the first gets files that no option names."""
    guessed: Mapping[FileKind, tuple[str, ...]]
    """Those of them for which the schema shows no upload: they are so named."""
    frames: Mapping[str, str]
    """The properties that are named as `first` and `last` frame: by them a video is continued."""
    strangers: tuple[str, ...]
    """The names in the example's input that the schema does not have."""
    lines_left: int
    """How many lines with text are neither the schema's nor the example's."""
    has_key: bool
    """Whether the text holds an API key, which is left out."""

    def file(self) -> dict[str, Json]:
        """Return the content of a model file."""
        content: dict[str, Json] = {"slug": self.slug, "title": self.title}
        if self.description:
            content["description"] = self.description
        content["schema"] = self.schema
        part: dict[str, Json] = {_LISTS[kind]: list(self.files[kind]) for kind in self.guessed}
        if self.frames:
            part["frames"] = dict(self.frames)
        return {**content, "bot": part} if part else content


def read_page(text: str, *, slug: str | None = None, title: str | None = None) -> ModelPage:
    """Return what a text says of a model; a given `slug` and `title` go before the text's.

    The schema is not checked yet. Raises `ConfigurationError` with a sentence that says what is
    wrong with the text.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigurationError(
            f"The text has more than {MOST_CHARACTERS:,} characters, which no model's page has. "
            "Copy the curl example and the schema alone."
        )
    text = text.translate(_PLAIN_SPACES).replace("\r\n", "\n").replace("\r", "\n")
    objects = list(_objects(text))
    found = _schema_of(text, objects)
    # The schema's own `default` or `examples` may name a model, too.
    outside = "".join(_around(text, [one for one in objects if one.is_schema]))
    examples = [one for one in objects if not one.is_schema and "model" in as_mapping(one.value)]
    schema = as_mapping(_cleaned(found.value))
    if len(properties_of(schema)) > MOST_OPTIONS:
        raise ConfigurationError(f"The schema has more than {MOST_OPTIONS} properties.")
    chosen = _checked_slug(slug) if slug is not None else _slug_in(outside)
    titled = without_line_breaks(title or str(schema.get("title") or "")) or _title_of(chosen)
    keys = set(_KEY.findall("\n".join([text, slug or "", title or ""])))
    kept = json.dumps([schema, chosen, titled])
    if any(key in kept for key in keys):
        raise ConfigurationError(
            "An API key stands where the slug or the schema is. Take it out, and copy them again."
        )
    uploads, guessed = _files_of(schema)
    files = {kind: (*uploads.get(kind, ()), *guessed.get(kind, ())) for kind in FileKind}
    return ModelPage(
        slug=chosen,
        title=short(titled),
        description=without_line_breaks(str(schema.get("description") or ""))[
            :_LONGEST_DESCRIPTION
        ],
        schema=schema,
        line=found.line,
        files=files,
        guessed=guessed,
        frames=_frames_of(schema, files[FileKind.IMAGE]),
        strangers=_strangers(schema, examples),
        lines_left=_lines_in("".join(_around(text, [found, *examples]))),
        has_key=bool(keys),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Object:
    """A JSON object of the text that lies in no other one."""

    start: int
    end: int
    line: int
    value: Json = None
    problem: str = ""
    """Why it is no JSON; empty: it is."""
    is_closed: bool = True

    @property
    def is_schema(self) -> bool:
        return isinstance(as_mapping(self.value).get(_PROPERTIES), Mapping)


def _objects(text: str) -> Iterator[_Object]:
    """Yield the outermost objects of a text, in one pass."""
    depth, start, line, begins = 0, 0, 1, 1
    in_string = False
    for mark in _MARKS.finditer(text):
        match mark[0]:
            case "\n":
                # No string of JSON goes over a line: a quote of other text ends here.
                line, in_string = line + 1, False
            case '"':
                in_string = depth > 0 and not in_string
            case "{" if not in_string:
                if depth == 0:
                    start, begins = mark.start(), line
                depth += 1
            case "}" if not in_string and depth > 0:
                depth -= 1
                if depth == 0:
                    yield _read(text, start, mark.end(), begins)
            case pair:
                line += pair.count("\n")
    if depth > 0:
        yield _Object(start=start, end=len(text), line=begins, is_closed=False)


def _read(text: str, start: int, end: int, line: int) -> _Object:
    try:
        value = parse_document(text[start:end])
    except ValueError as error:
        return _Object(start=start, end=end, line=line, problem=str(error))
    return _Object(start=start, end=end, line=line, value=value)


def _schema_of(text: str, objects: Sequence[_Object]) -> _Object:
    """Return the one schema among the objects of a text."""
    schemas = [one for one in objects if one.is_schema]
    if not schemas:
        raise ConfigurationError(_without_schema(text, objects))
    if any(one.value != schemas[0].value for one in schemas):
        lines = " and ".join(str(one.line) for one in (schemas[0], schemas[-1]))
        raise ConfigurationError(
            f"There are several schemas in the text, as in lines {lines}. "
            "Copy that of the input alone."
        )
    return schemas[0]


def _without_schema(text: str, objects: Sequence[_Object]) -> str:
    """Return the sentence about a text without a schema that can be read."""
    broken = (one for one in objects if one.problem and _PROPERTIES in text[one.start : one.end])
    first = next(broken, None)
    if first is not None:
        reason = _reason(text[first.start : first.end], first.problem)
        return f"The schema that begins in line {first.line} is no JSON: {reason}."
    # Only the last one can have no end.
    if objects and not objects[-1].is_closed:
        return (
            f"The object that begins in line {objects[-1].line} has no end, so a part of the text "
            "is missing. Copy all of it."
        )
    return (
        'There is no schema in the text. Copy it too: the object with `"type": "object"` and '
        '`"properties"`.'
    )


def _reason(broken: str, problem: str) -> str:
    """Return why an object is no JSON, by what happens to texts that are copied."""
    if _ENTITY.search(broken):
        return "it has entities of HTML, such as `&quot;`; copy what the page shows, not its source"
    if _CURLY.search(broken):
        return "its quotes are curly, as word processors make them; copy it as plain text"
    if _TRAILING_COMMA.search(broken):
        return f"a comma stands before a closing bracket ({problem})"
    return problem


def _cleaned(value: Json) -> Json:
    try:
        return clean(value, "The schema")
    except UsageError as error:
        raise ConfigurationError(str(error)) from error


def _around(text: str, objects: Sequence[_Object]) -> Iterator[str]:
    """Yield the text outside of the objects."""
    end = 0
    for one in sorted(objects, key=lambda one: one.start):
        yield text[end : one.start]
        end = one.end
    yield text[end:]


def _slug_in(text: str) -> str:
    """Return the one slug that the examples of a text name."""
    slugs = list(dict.fromkeys(named.strip() for named in _NAMED.findall(text)))
    if not slugs:
        curly = " Its quotes are curly: copy it as plain text." if _CURLY.search(text) else ""
        raise ConfigurationError(
            "No example in the text names the model's slug. Copy the curl example too, or give "
            f"--slug.{curly}"
        )
    if len(slugs) > 1:
        raise ConfigurationError(
            f"The examples name several models, {_hidden(slugs[0])} and {_hidden(slugs[1])}. Say "
            "with --slug which one the schema is of."
        )
    return _checked_slug(slugs[0])


def _checked_slug(slug: str) -> str:
    """Return a slug that can be one. A path that leads elsewhere is none."""
    if not _SLUG.fullmatch(slug) or not {"", ".", ".."}.isdisjoint(slug.split("/")):
        raise ConfigurationError(
            f"{_hidden(slug)} is no model's slug: that begins with a letter or a digit, and has "
            "letters, digits and the signs `.`, `_`, `:`, `-` and `/`, 100 at most."
        )
    return slug


def _hidden(slug: str) -> str:
    """Return a slug for a sentence, which shows no API key."""
    return "an API key" if _KEY.search(slug) else quoted(slug)


def _title_of(slug: str) -> str:
    """Return a title made of a slug: `kling-v3` becomes `Kling V3`."""
    words = re.split(r"[-_:/]+", slug.rpartition("/")[2]) or [slug]
    with_digits = re.compile("[0-9]")
    return " ".join(
        word.upper() if with_digits.search(word) else word.capitalize() for word in words if word
    )


def _parts(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for name, part in properties_of(schema).items():
        yield name, as_mapping(part)


def _files_of(
    schema: Schema,
) -> tuple[Mapping[FileKind, tuple[str, ...]], Mapping[FileKind, tuple[str, ...]]]:
    """Return the properties that the page uploads files for, and those that are so named."""
    uploads = {name: uploaded_kind(part) for name, part in _parts(schema)}
    others = {name: part for name, part in _parts(schema) if uploads[name] is None}
    named = {
        name: _kind_by_name(name, others[name])
        for name in sorted(others, key=lambda name: _rank(name, schema))
    }
    return _by_kind(uploads), _by_kind(named)


def _by_kind(kinds: Mapping[str, FileKind | None]) -> Mapping[FileKind, tuple[str, ...]]:
    found = {kind: tuple(name for name in kinds if kinds[name] is kind) for kind in FileKind}
    return {kind: names for kind, names in found.items() if names}


def _kind_by_name(name: str, part: Schema) -> FileKind | None:
    """Return the kind of files that a property of free text is named as one of."""
    # The schema is not checked yet: its types may be none.
    listed = as_mapping(part.get("items")) if types_of(part) == (Kind.ARRAY,) else part
    is_text = types_of(listed) == (Kind.STRING,) and not choices_of(listed)
    is_typed = as_mapping(part.get("x-playground")).get("widget") == "textarea"
    if not is_text or is_typed or name == PROMPT or choices_of(part):
        return None
    named = (kind for kind, names in _NAMES.items() if names.fullmatch(_snake(name)))
    return next(named, None)


def _frames_of(schema: Schema, images: Sequence[str]) -> Mapping[str, str]:
    parts = properties_of(schema)
    single = [name for name in images if types_of(as_mapping(parts[name])) == (Kind.STRING,)]
    named = {
        key: next((name for name in single if pattern.fullmatch(_snake(name))), None)
        for key, pattern in (("first", _FIRST_NAME), ("last", _LAST_NAME))
    }
    return {key: name for key, name in named.items() if name is not None}


def _rank(name: str, schema: Schema) -> tuple[bool, bool]:
    """Return the order of the options of a kind: needed ones first, and last frames last."""
    return (name not in required_of(schema), _LAST_NAME.fullmatch(_snake(name)) is not None)


def _snake(name: str) -> str:
    return _HUMP.sub("_", name).replace("-", "_").casefold()


def _strangers(schema: Schema, examples: Sequence[_Object]) -> tuple[str, ...]:
    known = properties_of(schema)
    given = (as_mapping(as_mapping(one.value).get("input")) for one in examples)
    names = dict.fromkeys(name for values in given for name in values if name not in known)
    return tuple(short(name) for name in names if is_visible(name))


def _lines_in(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip())
