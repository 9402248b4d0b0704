"""Tests of words that change the scene of an earlier prompt."""

from __future__ import annotations

import pytest

from bot.options.scene import added_words, changed_scene


@pytest.mark.parametrize(
    ("earlier", "words", "prompt"),
    [
        ("a lake", "make it night", "a lake. make it night"),
        ("A lake at dawn.", "Add a boat.", "A lake at dawn. Add a boat."),
        ("is it day?", "make it night", "is it day? make it night"),
        ("a lake, ", "at night", "a lake, at night"),
        ("", "make it night", "make it night"),
    ],
)
def test_words_are_added_to_the_earlier_prompt(earlier: str, words: str, prompt: str) -> None:
    """As a sentence of their own, and both can be told apart again."""
    assert changed_scene(earlier, words) == prompt
    assert added_words(earlier, prompt) == (words if earlier else None)


@pytest.mark.parametrize(
    "words",
    [
        *("new: a sea", "NEW : a sea", "new:a sea", "new prompt: a sea", "Prompt: a sea"),
        *("new idea: a sea", "instead: a sea", "Change the prompt to a sea", "prompt = a sea"),
    ],
)
def test_new_replaces_the_earlier_prompt(words: str) -> None:
    assert changed_scene("a lake", words) == "a sea"


@pytest.mark.parametrize("prompt", ["a sea", "a lake", "a lakeside", "a lake at night"])
def test_a_prompt_that_was_not_added_to_has_no_added_words(prompt: str) -> None:
    assert added_words("a lake", prompt) is None


def test_a_job_without_a_prompt_has_no_added_words() -> None:
    """Its model takes none."""
    assert added_words(None, "a lake") is None
    assert added_words("a lake", None) is None
