"""Prompts in the words of a style, and the options of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.base.errors import UsageError
from bot.options.catalog import Catalog
from bot.options.parser import read_text
from bot.options.request import changed_request, read_request
from bot.options.style_definition import read_style
from bot.options.styles import Style, check_words, composed
from storage.job import UsedStyle
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, model_file, write

KLING = Catalog.load()
NOIR = Style(name="noir", words="black, {prompt}, grain", options={"mode": "pro"})


@pytest.mark.parametrize(
    ("words", "prompt", "expected"),
    [
        ("black, {prompt}, grain", "a lake", "black, a lake, grain"),
        ("black, {prompt}, grain", " a lake. ", "black, a lake, grain"),
        ("black: { Prompt }", "a lake.", "black: a lake."),
        ("{prompt} in rain", "a lake!", "a lake! in rain"),
        ("in rain", "a lake.", "a lake, in rain"),
        ("in rain", "", "in rain"),
        ("", "a lake.", "a lake."),
        ("black, {prompt}, grain", "", "black, grain"),
        ("{prompt}, grain", "", "grain"),
        ("{x} {prompt}", "{prompt} \\1", "{x} {prompt} \\1"),
    ],
)
def test_a_prompt_stands_in_the_words_of_a_style(words: str, prompt: str, expected: str) -> None:
    assert composed(words, prompt) == expected


def test_an_option_that_the_model_lacks_or_refuses_is_named(tmp_path: Path) -> None:
    """With all else that is wrong; what is typed goes before the style, so it is not looked at."""
    catalog = Catalog.load(write(tmp_path, ANIMATE))
    style = Style(name="noir", options={"mode": "pro", "guidance": 2, "seed": 1})
    text = f"--model {ANIMATE_SLUG} --image-urls https://a.b/c.png --style noir"
    with pytest.raises(UsageError) as error:
        read_request(read_text(f"{text} --loop=maybe"), catalog, styles={"noir": style})
    problems = "\n".join(error.value.problems)
    assert "The style `noir` sets `--mode`, which Animate 2 does not have." in problems
    assert "The style `noir`: `--guidance`" in problems
    assert "`--loop`" in problems
    good = Style(name="noir", options={"guidance": 2, "seed": 1})
    request = read_request(read_text(f"{text} --guidance 0.5"), catalog, styles={"noir": good})
    assert (request.input["guidance"], request.input["seed"]) == (0.5, 1)
    assert request.style == UsedStyle(name="noir", words="", prompt="")


def test_words_need_a_model_that_takes_some(tmp_path: Path) -> None:
    catalog = Catalog.load(write(tmp_path, ANIMATE))
    text = f"--model {ANIMATE_SLUG} --image-urls https://a.b/c.png --style noir"
    with pytest.raises(UsageError, match="takes no prompt, so it cannot have the words"):
        read_request(read_text(text), catalog, styles={"noir": Style(name="noir", words="rain")})


def test_a_model_keeps_an_option_that_is_called_style(tmp_path: Path) -> None:
    file = model_file({"prompt": {"type": "string"}, "style": {"enum": ["anime", "noir"]}})
    catalog = Catalog.load(write(tmp_path, file))
    text = read_text("a lake --model sample --style noir")
    request = read_request(text, catalog, styles={"noir": NOIR})
    assert request.input == {"prompt": "a lake", "style": "noir"}
    assert request.style is None


def test_a_change_never_nests_a_style_in_itself() -> None:
    """Also where the style is named again, and where the words are replaced."""
    styles = {"noir": NOIR}
    first = read_request(read_text("a lake --style noir"), KLING, styles=styles)
    again = changed_request(first, read_text("--style noir"), KLING, styles=styles)
    assert again == first
    night = changed_request(again, read_text("at night"), KLING)
    assert night.input == {"mode": "pro", "prompt": "black, a lake. at night, grain"}
    hill = changed_request(night, read_text("new: a hill --style none"), KLING)
    assert (hill.input["prompt"], hill.input["mode"], hill.style) == ("a hill", "pro", None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rain --no people, text", '`--negative-prompt "people, text"`'),
        ("rain -calm", "“-calm” looks like an option"),
    ],
)
def test_a_style_that_may_not_be_meant_is_refused(text: str, problem: str) -> None:
    """Nobody is asked about it, and each request that uses it would be charged."""
    with pytest.raises(UsageError, match="is read as a part of the prompt") as refused:
        read_style("noir", text, KLING, {})
    assert problem in str(refused.value)


@pytest.mark.parametrize("place", ["{prompt}", "{Prompt}", "{ PROMPT }"])
def test_the_place_of_the_prompt_is_named_in_any_case(place: str) -> None:
    check_words(f"rain, {place}")


@pytest.mark.parametrize("place", ["{promt}", "{Prompts}"])
def test_a_mistyped_place_of_the_prompt_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match=r"Did you mean `\{prompt\}`\?"):
        check_words(f"rain, {place}")


def test_a_style_has_no_alternatives() -> None:
    """They would be sent to MindVideo as they are typed."""
    for text in ("{red|blue} light, {prompt}", "rain --mode {std|pro}"):
        with pytest.raises(UsageError, match="A style has no alternatives"):
            read_style("calm", text, KLING, {})
    assert read_style("calm", "{dim} light, {prompt}", KLING, {}).words


def test_options_are_read_for_the_model_that_is_named(tmp_path: Path) -> None:
    """Which is itself no part of the style."""
    catalog = Catalog.load(write(tmp_path, ANIMATE))
    style = read_style("calm", f"--model {ANIMATE_SLUG} --seed 3", catalog, {})
    assert style == Style(name="calm", options={"seed": 3})
    assert Style.of_value("calm", style.to_value()) == style
    assert Style.of_value("calm", {"words": 1, "options": []}) == Style(name="calm")
