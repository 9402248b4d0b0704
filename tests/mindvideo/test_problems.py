"""Tests of the messages in error bodies of any shape."""

import json

import pytest

from bot.mindvideo.problems import Problem, clean, read_problem
from tests.support.mindvideo_samples import sample


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "error-code-and-message.json",
            Problem(
                message="duration: 20 is greater than 15", code="invalid_input", request_id="req_9"
            ),
        ),
        ("error-text.json", Problem(message="The prompt is too long.")),
        ("error-message.json", Problem(message="The model is not available.", code="1201")),
        ("error-detail.json", Problem(message="Not like this.")),
        (
            "error-detail-list.json",
            Problem(
                message="duration: Input should be at most 15; mode: Input should be std, pro or 4k"
            ),
        ),
        ("error-page.html", Problem(message="502 Bad Gateway")),
        ("error-nothing.txt", Problem()),
        ("task-truncated.json", Problem()),
    ],
)
def test_every_shape_of_error_gives_its_message(name: str, problem: Problem) -> None:
    assert read_problem(sample(name)) == problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upstream timed out", "upstream timed out"),
        ('"just a text"', "just a text"),
        ('["one", {"msg": "two"}, 3]', "one; two"),
        ('{"error": true, "message": "real"}', "real"),
        ('{"error": {"error": {"message": "deep"}}}', "deep"),
        (
            '{"detail": [{"loc": "body", "msg": "odd"}, {"loc": ["body"], "msg": "whole"}]}',
            "odd; whole",
        ),
        ('{"message": "", "title": "then this"}', "then this"),
        (
            '{"message": "SUCCEED", "data": {"task_status_msg": "Image pixel is invalid"}}',
            "Image pixel is invalid",
        ),
        (
            '{"error": "failed", "failure_reason": "the prompt was refused"}',
            "the prompt was refused",
        ),
        ('{"message": "success", "detail": "too many at once"}', "too many at once"),
        ('{"message": "SUCCEED"}', None),
        ("{}", None),
        ("[]", None),
        ("5", None),
    ],
)
def test_a_message_is_found_in_any_body(text: str, message: str | None) -> None:
    assert read_problem(text).message == message


def test_tokens_are_removed() -> None:
    message = read_problem(sample("error-with-token.json")).message

    assert message is not None
    assert "abcdef123456" not in message
    assert "abc.def" not in message


def test_a_message_nested_too_deeply_is_ignored() -> None:
    text = '{"error":' * 500 + '"deep"' + "}" * 500

    assert read_problem(text).message is None


def test_a_message_is_one_visible_line_of_at_most_300_characters() -> None:
    message = read_problem(
        json.dumps({"message": "a\u0000\u202eb\ud800\n\tc " + "x" * 1000})
    ).message

    assert message is not None
    assert message.startswith("a b c xxx")
    assert len(message) == 300
    assert message.endswith("…")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("&lt;b&gt;bold&lt;/b&gt; &amp; more", "bold & more"),
        ("a <script>alert(1)</script> b", "a b"),
        ("a <style>never closed", "a"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("ring <!channel> now", "ring now"),
        ("  ", None),
    ],
)
def test_markup_is_removed(text: str, line: str | None) -> None:
    assert clean(text) == line
