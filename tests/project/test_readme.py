"""The README says what the code does."""

import re
from pathlib import Path

import click
import pytest

from bot.cli.main import main
from storage.job import TRANSITIONS, Stage
from tools.readme import PARTS, README, filled, state_diagram

TEXT = README.read_text()


def test_the_generated_parts_are_as_the_code_has_them() -> None:
    """`python -m tools.readme` would change nothing."""
    assert filled(TEXT) == TEXT


@pytest.mark.parametrize("name", PARTS)
def test_a_part_without_a_place_is_an_error(name: str) -> None:
    """A heading that was deleted by mistake does not go unnoticed."""
    with pytest.raises(ValueError, match=re.escape(name)):
        filled(TEXT.replace(f"<!-- {name} -->", ""))


def test_the_diagram_has_every_move_and_no_other() -> None:
    """The picture is the table."""
    arrows = set(re.findall(r"^    (\w+) --> (\w+)", state_diagram(), re.MULTILINE))
    moves = {(before.value, after.value) for before in Stage for after in TRANSITIONS[before]}
    assert arrows == moves


def test_every_command_is_in_the_readme() -> None:
    """A command that nobody reads about might as well not be there."""
    for words in _commands(main):
        assert f"python -m bot {words}" in TEXT or f"`{words}" in TEXT, words


def test_every_link_of_the_readme_leads_somewhere() -> None:
    """Files that it names are there."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT):
        assert (Path(README).parent / target).exists(), target


def _commands(group: click.Group, before: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        words = f"{before}{name}"
        found += _commands(command, f"{words} ") if isinstance(command, click.Group) else [words]
    return found
