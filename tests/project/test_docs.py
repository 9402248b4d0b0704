"""The README and the reference say what the code does."""

import re
from pathlib import Path

import click
import pytest

from bot.cli.main import COMMANDS, main
from storage.job import TRANSITIONS, Stage
from tools.docs import PAGES, README, ROOT, Page, floors_diagram, state_diagram

TEXT = README.path.read_text()
PARTS = [(page, name) for page in PAGES for name in page.parts]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.name)


@each_page
def test_the_generated_parts_are_as_the_code_has_them(page: Page) -> None:
    """`python -m tools.docs` would change nothing."""
    text = page.path.read_text()
    assert page.filled(text) == text


@pytest.mark.parametrize(("page", "name"), PARTS)
def test_a_part_without_a_place_is_an_error(page: Page, name: str) -> None:
    """A heading that was deleted by mistake does not go unnoticed."""
    with pytest.raises(ValueError, match=re.escape(name)):
        page.filled(page.path.read_text().replace(f"<!-- {name} -->", ""))


def test_the_picture_has_every_room() -> None:
    limits = {path.stem for path in (ROOT / "bot").iterdir() if not path.name.startswith("__")}
    assert set(re.findall(r"<b>(\w+)</b>", floors_diagram())) == limits | {"storage"}


def test_the_diagram_has_every_move_and_no_other() -> None:
    """The picture is the table."""
    arrows = set(re.findall(r"^    (\w+) --> (\w+)", state_diagram(), re.MULTILINE))
    moves = {(before.value, after.value) for before in Stage for after in TRANSITIONS[before]}
    assert arrows == moves


def test_every_command_is_in_the_readme() -> None:
    """A command that nobody reads about might as well not be there."""
    commands = _commands(main)
    assert len(commands) > len(COMMANDS)
    for words in commands:
        assert f"python -m bot {words}" in TEXT or f"`{words}" in TEXT, words


@pytest.mark.parametrize("path", [README.path, *(ROOT / "docs").glob("*.md")], ids=lambda p: p.name)
def test_every_path_that_a_page_names_is_there(path: Path) -> None:
    """Its links, and the files and folders in its text."""
    text = path.read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text):
        assert (path.parent / target).exists(), target
    named = re.findall(r"`((?:bot|storage|sandbox|bench|tests|tools|docs)/[\w./-]*)`", text)
    for target in named:
        assert (ROOT / target).exists(), target


def _commands(group: click.Group, before: str = "") -> list[str]:
    """Return the commands of a group and of the groups in it, as they are typed."""
    found, context = [], click.Context(group)
    for name in group.list_commands(context):
        command, words = group.get_command(context, name), f"{before}{name}"
        found += _commands(command, f"{words} ") if isinstance(command, click.Group) else [words]
    return found
