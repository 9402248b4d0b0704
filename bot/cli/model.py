"""`python -m bot model add`: a model file, made of the text of a model's page."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import click
from pydantic import DirectoryPath, Field

from bot.base.errors import ConfigurationError
from bot.base.json import parse_document
from bot.base.setting_groups import SettingGroup
from bot.base.settings import Settings, load_group
from bot.options.catalog import Catalog
from bot.options.file_words import WORDS, words_for
from bot.options.model_file import read_model_file, read_model_text
from bot.options.model_page import ModelPage, read_page
from bot.options.schema import Kind, Option
from bot.options.wording import allowed, quoted, shown
from storage.job import Json

MOST_BYTES = 1_000_000
"""Of a text that is read; more than a model's page has, in whatever alphabet."""

_LONGEST_LINE = 600
_MOST_KEPT = 100


class _ModelSettings(SettingGroup):
    """The one setting that the command needs."""

    models_dir: DirectoryPath | None = Field(
        default=None, description=Settings.model_fields["models_dir"].description
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The path of a model's file, and the content of the file before."""

    path: Path
    before: Mapping[str, Json] | None
    """The content of the model's file; `None`: there is none yet."""


@click.group("model")
def command() -> None:
    """Make model files, for models of MindVideo that do not come with the bot."""


@command.command()
@click.argument("page", metavar="FILE|-", type=click.File("rb"))
@click.option("--slug", help="The model's slug, where the text names none, or several.")
@click.option("--title", help="The model's name for people; else it is made of the slug.")
@click.option("--print", "is_shown", is_flag=True, help="Print the model file; write nothing.")
@click.option(
    "--replace",
    "replaces",
    is_flag=True,
    help="Take the new schema for a model that has a file already: its other parts stay, and the "
    "file as it was is kept beside it.",
)
def add(
    page: BinaryIO, slug: str | None, title: str | None, *, is_shown: bool, replaces: bool
) -> None:
    """Write a model file into MODELS_DIR, from a text that was copied from a model's page.

    FILE (or - for the standard input) has the page's curl example and its schema, among any other
    text and in any order.
    """
    folder = load_group(_ModelSettings).models_dir
    if folder is None and not is_shown:
        raise ConfigurationError(
            "MODELS_DIR is not set, so there is no folder for model files. Set it to an existing "
            "one, for this command and for the bot; --print only shows the file."
        )
    if page.isatty():
        click.echo("Paste the text, then press Ctrl+D.", err=True)
    found = read_page(_text(page.read(MOST_BYTES + 1)), slug=slug, title=title)
    place = _place(found.slug, folder)
    content = found.file()
    if place is not None and place.before is not None:
        # The parts that an operator wrote, and a name that people know, outlive a new schema.
        content |= {name: part for name, part in place.before.items() if name != "schema"}
        content |= {"title": found.title} if title else {}
        if "bot" in place.before:
            found = replace(found, guessed={}, frames={})
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    try:
        _, options = read_model_text(text)
    except ConfigurationError as error:
        raise ConfigurationError(_printable(f"This cannot be a model's file: {error}.")) from error
    for line in _understood(found, options):
        click.echo(_printable(line), err=is_shown)
    if is_shown:
        click.echo(text, nl=False)
    elif place is not None:
        click.echo(_write(place, content, text, replaces=replaces))


def _text(read: bytes) -> str:
    if len(read) > MOST_BYTES:
        raise ConfigurationError(
            f"The text has more than {MOST_BYTES // 1_000_000} MB. Copy the curl example and the "
            "schema alone."
        )
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            "The text is not in UTF-8. Save it as plain text in UTF-8."
        ) from error


def _place(slug: str, folder: Path | None) -> _Place | None:
    """Return the place of a model's file; `None`: there is no folder for it.

    Raises `ConfigurationError` if the bot could not start with another file of that slug, or does
    not start with the files that stand.
    """
    if Catalog.load().find(slug) is not None:
        raise ConfigurationError(
            f"{quoted(slug)} comes with the bot, which would not start with two files of it."
        )
    if folder is None:
        return None
    standing = Catalog.load(folder).find(slug)
    if standing is None:
        path = folder / f"{slug.replace('/', '_').replace(':', '_')}.json"
        if path.exists():
            raise ConfigurationError(f"{path} is the file of another model. Rename that.")
        return _Place(path=path, before=None)
    path = next(path for path in sorted(folder.glob("*.json")) if _slug_of(path) == slug.casefold())
    before = parse_document(path.read_text(encoding="utf-8-sig"))
    return _Place(path=path, before=before if isinstance(before, dict) else None)


def _slug_of(path: Path) -> str:
    file, _ = read_model_file(path, check=False)
    return file.slug.casefold()


def _understood(page: ModelPage, options: tuple[Option, ...]) -> list[str]:
    """Return the lines that tell what of a text was understood, and what was left out."""
    lines = [
        f"Model {page.slug}, {page.title}; its schema begins in line {page.line}:",
        *(f"  {option.name}: {_described(option)}" for option in options),
    ]
    lines += [
        f"Taken for {WORDS[kind].plural} by their names: {', '.join(names)}. If one is none, "
        "change the part `bot` of the file."
        for kind, names in page.guessed.items()
    ]
    if page.frames:
        told = " and ".join(f"{name} for the {key} frame" for key, name in page.frames.items())
        lines.append(f"Taken by their names: {told}, so that videos can be continued.")
    if page.strangers:
        lines.append(
            f"The example gives {', '.join(page.strangers)}, which the schema does not have: are "
            "both of the same page?"
        )
    key = " The API key in it was neither kept nor shown." if page.has_key else ""
    lines.append(f"Left out: the other lines of the text, {page.lines_left}.{key}")
    return lines


def _described(option: Option) -> str:
    facts = [_taken(option)]
    if option.default is not None:
        facts.append(f"default {shown(option.default)}")
    if option.required:
        facts.append("required")
    return "; ".join(facts)


def _taken(option: Option) -> str:
    if option.takes is None:
        return allowed(option.schema)
    words = words_for(option)
    return words.plural if option.kind is Kind.ARRAY else words.one


def _write(place: _Place, content: Mapping[str, Json], text: str, *, replaces: bool) -> str:
    """Write the file, and return the sentences that say so. Safe to repeat.

    Raises `ConfigurationError` if there is another one and it is not to be replaced.
    """
    if content == place.before:
        return f"{place.path} says the same already, so it was not changed."
    if place.before is not None and not replaces:
        raise ConfigurationError(
            f"{place.path} has this model with another content, and was not changed. --replace "
            "takes the new schema, and keeps the file as it was beside it."
        )
    try:
        kept = _written(place, text)
    except FileExistsError as error:
        raise ConfigurationError(f"{place.path} was written meanwhile. Look at it.") from error
    except OSError as error:
        raise ConfigurationError(
            f"{place.path} cannot be written ({error.strerror}). --print shows what it would hold."
        ) from error
    beside = f" The file as it was is {kept}." if kept else ""
    return (
        f"Written: {place.path}.{beside} The bot reads its models when it starts: restart it, each "
        "process of it, and `/video models` lists this one."
    )


def _written(place: _Place, text: str) -> Path | None:
    """Write the whole file or none of it; return where the earlier one is kept, if there was one.

    Raises `OSError`, and `FileExistsError` for a file that came meanwhile.
    """
    # The catalog reads names that end in .json.
    partial = place.path.with_name(f"{place.path.name}.{os.getpid()}.partial")
    try:
        with partial.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if place.before is None:
            # Unlike a rename, it fails where a file stands.
            os.link(partial, place.path)
            return None
        kept = _keep(place.path)
        partial.replace(place.path)
        return kept
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _keep(path: Path) -> Path:
    """Give a file another name beside its own, under which the catalog does not read it."""
    for number in range(1, _MOST_KEPT):
        kept = path.with_name(f"{path.name}.{number}")
        with suppress(FileExistsError):
            os.link(path, kept)
            return kept
    raise FileExistsError(None, f"there are {_MOST_KEPT} earlier files already", str(path))


def _printable(line: str) -> str:
    """Return a line for a terminal: not too long, and without what moves its cursor."""
    head = line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"
    return "".join(letter if letter.isprintable() else "?" for letter in head)
