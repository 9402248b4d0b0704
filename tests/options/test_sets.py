"""Tests of texts that ask for several videos: what they stand for, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.base.errors import UsageError
from bot.options.alternatives import MOST_PARTS, escaped, variants_of
from bot.options.attachments import Attached
from bot.options.catalog import Catalog
from bot.options.form import read_form
from bot.options.form_elements import FormError
from bot.options.form_fields import EACH_IMAGE_BLOCK, TICKED, TIMES_BLOCK
from bot.options.form_sets import count_in, read_form_requests
from bot.options.parser import TypedText, read_text
from bot.options.part_labels import different_words, part_labels
from bot.options.request import RenderRequest, read_request
from bot.options.sets import read_requests
from storage.job import Json
from tests.support.job_samples import REQUESTED
from tests.support.model_samples import catalog_with, model_file

KLING = Catalog.load()
MODEL = KLING.default


def requests_of(text: str, images: int = 0, catalog: Catalog = KLING) -> tuple[RenderRequest, ...]:
    """Return the requests of a text with so many attached images."""
    files = [Attached(id=f"F{number}", name=f"{number}.png") for number in range(1, images + 1)]

    def read(typed: TypedText, its: Sequence[Attached]) -> RenderRequest:
        return read_request(typed, catalog, files=its)

    return read_requests(variants_of(read_text(text)), files, read)


def refusal(text: str, images: int = 0) -> tuple[str, ...]:
    """Return the problems of a refused text."""
    with pytest.raises(UsageError) as refused:
        requests_of(text, images)
    return refused.value.problems


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        (
            "{red|blue} car at {dawn|night}",
            ["red car at dawn", "red car at night", "blue car at dawn", "blue car at night"],
        ),
        ("a car --times 2", ["a car", "a car"]),
        ("a car --times 1", ["a car"]),
        ("{red|blue} car --times 2", ["red car", "red car", "blue car", "blue car"]),
        # With and without it, with no space too many.
        ("an {old |}car", ["an old car", "an car"]),
        ("a {red|} car", ["a red car", "a car"]),
        ("{ red | blue } car", ["red car", "blue car"]),
        ('"{red|blue} car"', ["red car", "blue car"]),
        # Slips: what comes to the same counts once.
        ("{red|red} car", ["red car"]),
        ("{|} a smile", ["{|} a smile"]),
        # Text.
        ("a {red} car", ["a {red} car"]),
        ("a red|blue car", ["a red|blue car"]),
        (r"\{red|blue} car", ["{red|blue} car"]),
        (r"{re\|d|b\}lue} car", ["re|d car", "b}lue car"]),
        ("{a {b} c|d} car", ["a {b} c car", "d car"]),
        ("-- {red|blue} car", ["{red|blue} car"]),
        ("a {red|blue} car -- {c|d}", ["a red car {c|d}", "a blue car {c|d}"]),
        ("{<@U0ANA|ana> waves|a dog runs}", ["<@U0ANA|ana> waves", "a dog runs"]),
        # Flags may be alternatives, too.
        ("{--mode pro|--mode std} a car", ["a car", "a car"]),
    ],
)
def test_a_text_stands_for_texts_in_the_order_of_a_reader(text: str, prompts: list[str]) -> None:
    assert [request.input["prompt"] for request in requests_of(text)] == prompts


def test_values_have_alternatives_and_json_has_none() -> None:
    modes = [request.input["mode"] for request in requests_of("a car --mode {std|pro}")]
    assert modes == ["std", "pro"]
    shots = '[{"prompt": "a {red|blue} car leaves", "duration": 5}]'
    (request,) = requests_of(f"--multi-shot --shot-type customize --multi-prompt '{shots}'")
    assert "a {red|blue} car leaves" in str(request.input["multi_prompt"])
    both = requests_of("3s: boats leave\n{3s|4s}: boats return")
    assert [request.input["duration"] for request in both] == [6, 7]


def test_each_image_takes_the_place_of_all() -> None:
    read = requests_of("{red|blue} car --each-image", images=2)
    assert [(one.input["prompt"], one.input["image_urls"]) for one in read] == [
        ("red car", ["slack-file:F1"]),
        ("red car", ["slack-file:F2"]),
        ("blue car", ["slack-file:F1"]),
        ("blue car", ["slack-file:F2"]),
    ]
    assert "none is attached" in refusal("a car --each-image")[0]
    some = requests_of("it waves {|--each-image}", images=2)
    assert [one.input["image_urls"] for one in some] == [
        ["slack-file:F1", "slack-file:F2"],
        ["slack-file:F1"],
        ["slack-file:F2"],
    ]


def test_a_model_keeps_an_option_called_times(tmp_path: Path) -> None:
    options: Mapping[str, Json] = {
        "prompt": {"type": "string"},
        "times": {"type": "integer", "minimum": 1, "maximum": 99},
    }
    catalog = catalog_with(tmp_path / "models", model_file(options))
    (request,) = requests_of("a car --model sample --times 20", catalog=catalog)
    assert request.input == {"prompt": "a car", "times": 20}


@pytest.mark.parametrize("value", ["0", "x", "13", "2.5", "-1"])
def test_a_number_that_makes_no_set_is_refused(value: str) -> None:
    (problem,) = refusal(f"a car --times={value}")
    assert problem == (
        f"`--times` takes a whole number from 1 to {MOST_PARTS}; you gave `{value}`."
    )


@pytest.mark.parametrize(
    ("text", "images", "count"),
    [
        ("{a|b|c} {a|b|c|d|e}", 0, "15"),
        ("{a|b} --times 7", 0, "14"),
        ("{a|b|c|d} --each-image", 4, "16"),
        ("{a|b}" * 30, 0, "more than a million"),
    ],
)
def test_too_many_are_refused_with_their_number(text: str, images: int, count: str) -> None:
    (problem,) = refusal(text, images)
    assert problem.startswith(f"That makes {count} videos, and at most {MOST_PARTS}")


def test_problems_are_told_once_and_where_they_are() -> None:
    assert refusal("{red|blue} car --mode {std|ultra}") == (
        "With `ultra`: `--mode` must be one of `std`, `pro`, `4k`; you gave `ultra`.",
    )
    assert len(refusal("{red|green|blue} car --mode ultra")) == 1
    long = "x" * 2600
    (problem,) = refusal(f"{{red|green}} car {long}")
    assert problem.startswith("The prompt has ")


def test_alternatives_within_alternatives_and_an_open_brace_are_no_guess() -> None:
    assert "Alternatives stand within alternatives" in refusal("{a|{b|c}} car")[0]
    (request,) = requests_of("{red|blue car")
    assert request.input["prompt"] == "{red|blue car"
    assert "has no closing brace" in request.doubts[0].about
    (entered,) = read_form_requests(MODEL, form("{red|blue car"), partial(read_form, MODEL))
    assert entered.doubts == request.doubts


@pytest.mark.parametrize(
    "text",
    ["{" * 40_000, "{a|b}" * 8_000, "{" + "|" * 40_000 + "}", "{|" * 20_000, r"\{|" * 13_000],
)
def test_a_hostile_text_is_read_in_time_proportional_to_its_length(text: str) -> None:
    typed = read_text(text)
    began = time.process_time()
    with suppress(UsageError):
        assert len(variants_of(typed).each) <= MOST_PARTS
    assert time.process_time() - began < 1.0


@given(st.text(alphabet="{}|\\ ab-", max_size=60))
def test_no_text_makes_more_than_the_most_or_fails(text: str) -> None:
    try:
        found = variants_of(read_text(text))
    except UsageError:
        return
    assert 1 <= len(found.each) <= MOST_PARTS
    # As a field has it, in which nothing is a flag.
    (back,) = variants_of(TypedText(text=escaped(text), tokens=(), rest="")).each
    assert back.text.split() == text.split()


TICK: Json = {"selected_options": [{"value": TICKED}]}
NOTHING: Mapping[str, Json] = {}


def form(prompt: str, blocks: Mapping[str, Json] = NOTHING) -> Mapping[str, Json]:
    """Return the state of a form with this prompt, and more blocks."""
    return {"option:prompt": {MODEL.slug: {"value": prompt}}, **blocks}


def test_a_form_makes_requests_of_its_words_its_number_and_its_images() -> None:
    state = form(
        "{red|blue} car",
        {
            TIMES_BLOCK: {TIMES_BLOCK: {"value": "2"}},
            EACH_IMAGE_BLOCK: {EACH_IMAGE_BLOCK: TICK},
            "option:image_urls": {MODEL.slug: {"files": [{"id": "F1"}, {"id": "F2"}]}},
            # The redrawn form has what was uploaded among what was attached before.
            "kept:image_urls": {MODEL.slug: {"selected_options": [{"value": "slack-file:F1"}]}},
            "links:image_urls": {MODEL.slug: {"value": None}},
        },
    )
    read = partial(read_form, MODEL, files=["F1", "F2"])
    requests = read_form_requests(MODEL, state, read)
    assert count_in(MODEL, state) == len(requests) == 8
    assert {str(one.input["image_urls"]) for one in requests} == {
        "['slack-file:F1']",
        "['slack-file:F2']",
    }


@pytest.mark.parametrize(
    ("state", "block"),
    [
        (form("a car", {TIMES_BLOCK: {TIMES_BLOCK: {"value": "13"}}}), TIMES_BLOCK),
        (form("{a|b|c} {a|b|c|d|e}"), "option:prompt"),
        (form("{a|{b|c}}"), "option:prompt"),
        (
            form("a car", {EACH_IMAGE_BLOCK: {EACH_IMAGE_BLOCK: TICK}}),
            EACH_IMAGE_BLOCK,
        ),
    ],
)
def test_a_form_says_at_its_field_what_makes_no_set(state: Mapping[str, Json], block: str) -> None:
    with pytest.raises(FormError) as refused:
        read_form_requests(MODEL, state, partial(read_form, MODEL))
    assert [*refused.value.errors] == [block]
    assert count_in(MODEL, state) == 1


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["red car at dawn", "blue car at night"], ["red · dawn", "blue · night"]),
        (["an old car", "a car"], ["an old", "a"]),
        (["red car", "car"], ["red", "without"]),
        (["red and blue red", "red and blue blue"], ["red", "blue"]),
        (["a car", "a car"], ["", ""]),
    ],
)
def test_the_words_of_parts_are_told_apart(texts: list[str], told: list[str]) -> None:
    assert list(different_words(texts)) == told


def test_a_part_is_called_by_what_others_have_not() -> None:
    inputs: list[dict[str, Json]] = [
        {"prompt": "red car", "image_urls": ["slack-file:F1"]},
        {"prompt": "red car", "mode": "pro", "image_urls": ["slack-file:F2"]},
    ]
    parts = [replace(REQUESTED, input=one) for one in inputs]
    assert part_labels(parts, KLING) == ("std · image 1", "pro · image 2")
