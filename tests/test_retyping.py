"""An ask can be written as a command, and the command asks for the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import escape
from bot.catalog import Catalog
from bot.errors import UsageError
from bot.options import Ask, check_input, parse_ask
from bot.retyping import to_command
from storage.job import Json
from tests.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with

KLING = Catalog.load()


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("a red car --ar 9:16 --mode=PRO", "a red car --mode pro --aspect-ratio 9:16"),
        ("x --audio --no-watermark", "x --audio --no-watermark"),
        ("'tis --no “two words”", '\'tis --negative-prompt "two words"'),
        ('x --no "say ""hi"""', 'x --negative-prompt "say ""hi"""'),
        ('say "hi" --audio', '--audio -- say "hi"'),
        ("-- a --mode b", "-- a --mode b"),
        ('-- —mode="b', '-- —mode="b'),
        ("--mode pro -- -mode", "--mode pro -- -mode"),
        ("x --image a --image 'b c'", 'x --image-urls a --image-urls "b c"'),
        ("x --image []", "x --image-urls '[]'"),
        ('x --image ["[a"]', "x --image-urls '[\"[a\"]'"),
        ('x --shots {"a":1} --shots {}', "x --multi-prompt '[{\"a\": 1}, {}]'"),
    ],
)
def test_an_ask_is_written_as_a_person_would_type_it(typed: str, written: str) -> None:
    assert to_command(parse_ask(typed, KLING), KLING) == written


def test_another_model_is_named(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, ANIMATE)
    ask = parse_ask(f"--model {ANIMATE_SLUG} --image-urls s3://a --seed -1", catalog)
    written = f'--model {ANIMATE_SLUG} --image-urls s3://a --resolution 720 --seed "-1"'
    assert to_command(ask, catalog) == written
    assert parse_ask(written, catalog) == ask


def test_an_ask_of_a_model_that_is_gone_cannot_be_written() -> None:
    with pytest.raises(UsageError, match="There is no model `gone`"):
        to_command(Ask(model="gone", input={}, kind="gone"), KLING)


TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from([*"\"'“”’«»{}[]:=-— \n&<>;x", "--mode ", "'tis", " -- "])).map(
        "".join
    ),
)
OBJECTS = st.lists(st.dictionaries(TEXTS, st.one_of(TEXTS, st.integers(), st.booleans())))
INPUTS = st.fixed_dictionaries(
    {"prompt": TEXTS},
    optional={
        "mode": st.sampled_from(["std", "pro", "4k"]),
        "duration": st.integers(3, 15),
        "audio": st.booleans(),
        "negative_prompt": TEXTS,
        # A number alone would mean an attached file.
        "image_urls": st.lists(TEXTS.filter(lambda text: not text.strip("#").isdecimal())),
        "multi_prompt": OBJECTS,
    },
)


@settings(deadline=None)  # how long one example takes says nothing on a busy machine
@given(INPUTS)
def test_the_written_command_asks_for_the_same(given_input: Mapping[str, Json]) -> None:
    try:
        ask = check_input(KLING.default, given_input)
    except UsageError:
        return
    assert parse_ask(escape(to_command(ask, KLING)), KLING) == ask
