"""Tests of the requests that go on from a video."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.base.errors import UsageError
from bot.options.continuation import (
    base_of_continuation,
    continued,
    looped,
    place_of,
    read_moment,
    take_of,
)
from bot.options.references import Frame, as_frame, file_named, files_named, reference
from storage.job import Film, Job, Json, UsedStyle
from tests.support.services import CATALOG
from tests.support.store_samples import a_job

MODEL = CATALOG.default
LAST = Frame(file_id="F1", seconds=None, job_id="abc")


@pytest.mark.parametrize(
    ("text", "moment", "words"),
    [
        ("the boat leaves", None, "the boat leaves"),
        ("at 3.5: the boat leaves", 3.5, "the boat leaves"),
        ("at 3,5s the boat leaves", 3.5, "the boat leaves"),
        ("AT 0:03: the boat leaves", 3.0, "the boat leaves"),
        ("at 1:02.5 it rains", 62.5, "it rains"),
        ("at 3:", 3.0, ""),
        ("at dawn the boat leaves", None, "at dawn the boat leaves"),
        ("at 3,5 s", 3.5, ""),
        ("at 3 seconds: the boat leaves", 3.0, "the boat leaves"),
        ("at 2.5 sec, the boat leaves", 2.5, "the boat leaves"),
        ("at 4s – the boat leaves", 4.0, "the boat leaves"),
        ("at 3 o'clock the bells ring", None, "at 3 o'clock the bells ring"),
        ("at 5 p.m. the boat leaves", None, "at 5 p.m. the boat leaves"),
        ("at 3 stars fall", None, "at 3 stars fall"),
        ("at 8 knots the boat leaves", None, "at 8 knots the boat leaves"),
        ("from 0:03 the boat leaves", 3.0, "the boat leaves"),
        ("from second 3: the boat leaves", 3.0, "the boat leaves"),
        ("at the 3 second mark the boat leaves", 3.0, "the boat leaves"),
        ("starting at 3s, the boat leaves", 3.0, "the boat leaves"),
        ("at the end: the boat leaves", None, "the boat leaves"),
        ("at the end he waves", None, "at the end he waves"),
        ("where it stopped raining", None, "where it stopped raining"),
        ("from 10:30 am the boat leaves", None, "from 10:30 am the boat leaves"),
        ("at 10:30pm the bell rings", None, "at 10:30pm the bell rings"),
        ("at 16:9 the boat", None, "at 16:9 the boat"),
        ("at 1:02:03 x", None, "at 1:02:03 x"),
        ("from 20-foot waves a surfer", None, "from 20-foot waves a surfer"),
        ("at 90-degree angle", None, "at 90-degree angle"),
        ("at 5 second intervals", None, "at 5 second intervals"),
        ("from the last frame the boat leaves", None, "the boat leaves"),
        ("from where it left off", None, ""),
        ("at the end of the pier", None, "at the end of the pier"),
        ("at 3pm the boat leaves", None, "at 3pm the boat leaves"),
        ("", None, ""),
    ],
)
def test_a_moment_is_read_before_the_words(text: str, moment: float | None, words: str) -> None:
    assert read_moment(text) == (moment, words)


@pytest.mark.parametrize("seconds", [None, 0.0, 3.0, 3.25, 61.5])
def test_a_frame_is_a_reference_as_a_file_is(seconds: float | None) -> None:
    frame = Frame(file_id="F0123", seconds=seconds, job_id="k3v9abcdef")
    value = reference(str(frame))
    assert as_frame(file_named(value) or "") == frame
    assert files_named({"image": [value, value, "https://example.com/a.png"]}) == (str(frame),)
    assert as_frame("F0123") is None


@pytest.mark.parametrize(
    "value",
    [
        "slack-file:",
        "slack-file:F1@",
        "slack-file:F1@soon~abc",
        "slack-file:F1@-1~abc",
        "slack-file:F1@1e9~abc",
        "slack-file:F1@last~",
        "slack-file:F1@last~a b",
        "slack-file:F1@last~abc@last~abc",
        "F1@last~abc",
    ],
)
def test_what_is_no_reference_stands_for_no_file(value: str) -> None:
    assert file_named(value) is None


def test_a_request_continues_what_its_first_frame_is_from() -> None:
    """The first frame of a video continues nothing, and a last frame says nothing."""
    at_begin = replace(LAST, seconds=0.0)
    inputs: list[dict[str, Json]] = [
        {"first_frame_image": reference(str(LAST))},
        {"first_frame_image": reference(str(at_begin))},
        {"first_frame_image": reference("F1")},
        {"first_frame_image": "https://example.com/a.png"},
        {"last_frame_image": reference(str(LAST))},
        {},
    ]
    assert [continued(MODEL, values) for values in inputs] == [LAST, None, None, None, None, None]


BEHIND: dict[str, Json] = {"first_frame_image": reference(str(LAST))}
OTHER_PICTURE: dict[str, Json] = {"first_frame_image": reference("F1")}
LOOP: dict[str, Json] = {"first_frame_image": reference(str(replace(LAST, seconds=0.0)))}


@pytest.mark.parametrize(
    ("values", "parent", "place"),
    [
        ({}, None, None),
        ({}, a_job(), "job1"),
        ({}, replace(a_job(), take_of="job0"), "job0"),
        (LOOP, replace(a_job(), take_of="job0"), "job0"),
        (BEHIND, None, "after:abc"),
        (BEHIND, replace(a_job(), input=BEHIND), "after:abc"),
        (BEHIND, replace(a_job(), take_of="job0"), "after:abc"),
        (OTHER_PICTURE, replace(a_job(), take_of="after:abc"), None),
        (LOOP, replace(a_job(), input=BEHIND), None),
    ],
    ids=[
        "a request",
        "made from one",
        "made from another take",
        "a loop",
        "a continuation",
        "made from one of an earlier version",
        "of another kind than its parent",
        "with another picture",
        "a loop of a continuation",
    ],
)
def test_a_job_is_a_take_of_one_place(
    values: dict[str, Json], parent: Job | None, place: str | None
) -> None:
    """What continues a job stands behind it; all else where it was made from."""
    parent_place = None if parent is None else place_of(MODEL, parent)
    assert take_of(MODEL, values, parent_place) == place


def test_a_continuation_keeps_all_but_the_scene() -> None:
    style = UsedStyle(name="noir", words="black and white, {prompt}", prompt="a boat")
    asked: dict[str, Json] = {
        "prompt": "black and white, a boat",
        "mode": "pro",
        "multi_prompt": [{"prompt": "a boat", "duration": 3}],
        "multi_shot": True,
        "shot_type": "customize",
        "image_urls": [reference("F9")],
        "first_frame_image": "https://example.com/a.png",
        "last_frame_image": "https://example.com/b.png",
    }
    job = replace(a_job(), input=asked, style=style, project="launch")
    base = base_of_continuation(job, MODEL, LAST)
    assert base.input == {
        "mode": "pro",
        "image_urls": [reference("F9")],
        "first_frame_image": reference(str(LAST)),
    }
    assert base.style == replace(style, prompt="")
    assert base.project == "launch"


def test_a_second_that_the_video_lacks_is_told() -> None:
    job = replace(a_job(), film=Film(width=8, height=6, seconds=5.0))
    at_the_end = base_of_continuation(job, MODEL, replace(LAST, seconds=5.0))
    assert at_the_end.input["first_frame_image"] == "slack-file:F1@5~abc"
    with pytest.raises(UsageError, match=r"lasts 5 s"):
        base_of_continuation(job, MODEL, replace(LAST, seconds=5.5))


def test_a_loop_has_one_picture_at_both_ends() -> None:
    begin = replace(LAST, seconds=0.0)
    made = looped(replace(a_job(), input={"prompt": "a wheel", "mode": "pro"}), MODEL, begin)
    picture = reference(str(begin))
    assert made.input == {
        "mode": "pro",
        "prompt": "a wheel",
        "last_frame_image": picture,
        "first_frame_image": picture,
    }


def test_a_model_without_frames_continues_nothing() -> None:
    plain = replace(MODEL, frames=type(MODEL.frames)())
    for make in (base_of_continuation, looped):
        with pytest.raises(UsageError, match="takes no first"):
            make(a_job(), plain, LAST)
