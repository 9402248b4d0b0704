"""Tests of the distribution of attached files over the image options of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.base.errors import UsageError
from bot.messages.form import left_out
from bot.options.attachments import MOST_BYTES, Attached, attached_files, granted, join
from bot.options.catalog import Catalog
from bot.options.defaults import read_defaults
from bot.options.draft import Draft
from bot.options.parser import read_text
from bot.options.request import changed_request, non_default_options, read_request
from storage.job import Json
from tests.support.model_samples import catalog_with, model_file

KLING = Catalog.load()
ONE = Attached(id="F1", name="one.png", mimetype="image/png", size=10)
TWO = Attached(id="F2", name="two.jpg", mimetype="image/jpeg", size=10)
THREE = Attached(id="F3")
TEXT: Mapping[str, Json] = {"type": "string"}


def images(text: str, *files: Attached, catalog: Catalog = KLING) -> Mapping[str, Json]:
    """Return the options of a request besides the prompt."""
    values = read_request(read_text(text), catalog, files=files).input
    return {name: value for name, value in values.items() if name != "prompt"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a lake", {"image_urls": ["slack-file:F1", "slack-file:F2"]}),
        (
            "a lake --first-frame-image 1",
            {"image_urls": ["slack-file:F2"], "first_frame_image": "slack-file:F1"},
        ),
        (
            "a lake --first 1 --last #2",
            {"first_frame_image": "slack-file:F1", "last_frame_image": "slack-file:F2"},
        ),
        (
            "a lake --first 2 --last 2",
            {
                "image_urls": ["slack-file:F1"],
                "first_frame_image": "slack-file:F2",
                "last_frame_image": "slack-file:F2",
            },
        ),
        ("a lake --image 2 --image 1", {"image_urls": ["slack-file:F2", "slack-file:F1"]}),
        (
            "a lake --image https://a.b/c.png --first 1",
            {
                "image_urls": ["https://a.b/c.png", "slack-file:F2"],
                "first_frame_image": "slack-file:F1",
            },
        ),
    ],
)
def test_files_go_to_the_named_options_and_else_to_the_first_one(
    text: str, values: Mapping[str, Json]
) -> None:
    assert images(text, ONE, TWO) == values


def test_a_link_is_kept_and_no_files_add_no_option() -> None:
    assert images("a lake --first https://a.b/1") == {"first_frame_image": "https://a.b/1"}
    assert images("a lake") == {}


@pytest.mark.parametrize(
    ("text", "files", "message"),
    [
        ("a lake --first 1", [], r"`--first-frame-image 1` means attached file 1.* has none"),
        ("a lake --first 2", [ONE], r"means attached file 2, and your message has 1"),
        ("a lake --image 1 --image 3", [ONE, TWO], "means attached file 3"),
        ("a lake --first slack-file:F9", [], "Attach the file itself"),
        ("a lake --image slack-file:F9", [ONE], "Attach the file itself"),
        ("a lake --no slack-file:F9", [], "Attach the file itself"),
        ("slack-file:F9", [], "Attach the file itself"),
        ("a lake", [Attached(id="F1", name="cv.pdf", mimetype="application/pdf")], "cv.pdf is not"),
        ("a lake", [Attached(id="F1", mimetype="image/heic")], "The attached file is not an image"),
        (
            "a lake",
            [Attached(id="F1", name="big.png", mimetype="image/png", size=30_000_000)],
            "big.png has more than 10 MB",
        ),
    ],
)
def test_an_unusable_file_or_reference_is_refused(
    text: str, files: list[Attached], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        read_request(read_text(text), KLING, files=files)


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [
        (299, 500, "cat.png has 299 by 500 pixels; Kling V3 takes images of at least 300 pixels"),
        (
            1000,
            399,
            "cat.png has 1000 by 399 pixels; Kling V3 takes images between 1:2.5 and 2.5:1",
        ),
        (400, 1001, "Crop it, and attach it again"),
    ],
)
def test_an_image_of_another_shape_than_the_model_takes_is_refused(
    width: int, height: int, message: str
) -> None:
    described: Json = {"id": "F1", "name": "cat.png", "original_w": width, "original_h": height}
    with pytest.raises(UsageError, match=message):
        read_request(read_text("a lake"), KLING, files=attached_files([described]))


@pytest.mark.parametrize(("width", "height"), [(300, 300), (1000, 400), (0, 5)])
def test_an_image_of_a_shape_that_the_model_takes_is_accepted(width: int, height: int) -> None:
    file = Attached(id="F1", width=width, height=height)
    assert file.problem(KLING.default) is None


def test_a_file_of_the_largest_size_or_of_unknown_type_is_accepted() -> None:
    assert Attached(id="F1", mimetype="image/webp", size=MOST_BYTES).problem(KLING.default) is None
    assert THREE.problem(KLING.default) is None


def test_a_model_without_images_takes_no_files(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, model_file({"prompt": TEXT}, default=True))
    with pytest.raises(UsageError, match="sample takes no images"):
        read_request(read_text("a lake"), catalog, files=[ONE])
    assert read_request(read_text("a lake"), catalog).input == {"prompt": "a lake"}


def test_a_second_image_for_a_model_with_one_is_refused(tmp_path: Path) -> None:
    properties: Mapping[str, Json] = {"prompt": TEXT, "image": TEXT}
    catalog = catalog_with(tmp_path, model_file(properties, default=True, images=["image"]))
    assert images("a lake", ONE, catalog=catalog) == {"image": "slack-file:F1"}
    for text, files in (("a lake", [ONE, TWO]), ("a lake --image https://a.b", [ONE])):
        with pytest.raises(UsageError, match=r"takes one image, and there are 2\. Say which"):
            read_request(read_text(text), catalog, files=files)


def test_options_for_images_are_found_in_the_schema(tmp_path: Path) -> None:
    upload: Mapping[str, Json] = {"widget": "file-upload", "uploadKind": "image"}
    video: Mapping[str, Json] = {"widget": "file-upload", "uploadKind": "video"}
    properties: Mapping[str, Json] = {
        "prompt": TEXT,
        "film": {**TEXT, "x-playground": video},
        "start": {**TEXT, "x-playground": upload},
    }
    catalog = catalog_with(tmp_path, model_file(properties, default=True))
    assert images("a lake", ONE, catalog=catalog) == {"start": "slack-file:F1"}


def test_files_without_text_replace_the_images_of_an_earlier_request() -> None:
    before = read_request(read_text("a lake --mode pro"), KLING, files=[ONE])
    after = changed_request(before, read_text(""), KLING, files=[TWO])
    assert after.input == {"mode": "pro", "prompt": "a lake", "image_urls": ["slack-file:F2"]}


def test_another_change_keeps_the_files_of_an_earlier_request() -> None:
    before = read_request(read_text("a lake"), KLING, files=[ONE])
    assert changed_request(before, read_text("--mode pro"), KLING).input["image_urls"] == [
        "slack-file:F1"
    ]


def test_a_channels_defaults_cannot_name_a_file() -> None:
    with pytest.raises(UsageError, match="Attach the file itself"):
        read_defaults("--first-frame-image slack-file:F9", KLING, {})


def test_the_number_of_attached_images_is_shown() -> None:
    request = read_request(read_text("a lake"), KLING, files=[ONE, TWO])
    shown = non_default_options(KLING.default, request.input)
    assert shown == (("Reference images", "2 attached images"),)


def test_slacks_file_objects_are_read_and_malformed_ones_ignored() -> None:
    described: Json = [
        {"id": "F1", "name": "one.png", "mimetype": "image/png", "size": 10, "user": "U1"},
        {"id": "F3", "name": None, "mimetype": 1, "size": "10"},
        {"name": "no ID"},
        "F4",
    ]
    assert attached_files(described) == (ONE, THREE)
    assert attached_files(None) == ()


def test_links_and_files_of_a_field_are_joined_without_duplicates() -> None:
    option = KLING.default.image_options[0]
    value = join(option, ["https://a", "slack-file:F1"], [ONE, TWO])
    assert value == ["https://a", "slack-file:F1", "slack-file:F2"]
    assert join(option, None, []) is None


def test_only_files_that_were_attached_are_granted() -> None:
    files = frozenset({"F1"})
    assert granted("https://a", files)
    assert granted(["slack-file:F1", "https://a"], files)
    assert not granted(["slack-file:F1", "slack-file:F2"], files)


CLIP = Attached(id="F5", name="clip.mp4", mimetype="video/mp4", size=10)
SONG = Attached(id="F6", name="song.mp3", mimetype="audio/mpeg", size=10)
FILMS = model_file({"clip": TEXT, "song": TEXT}, default=True, videos=["clip"], audio=["song"])


def test_each_file_goes_to_the_first_option_of_its_kind(tmp_path: Path) -> None:
    """One of which Slack tells no kind, to the first that the model takes."""
    catalog = catalog_with(tmp_path, FILMS)
    assert images("", SONG, CLIP, catalog=catalog) == {
        "clip": "slack-file:F5",
        "song": "slack-file:F6",
    }
    assert images("", SONG, THREE, catalog=catalog) == {
        "clip": "slack-file:F3",
        "song": "slack-file:F6",
    }
    assert images("--song 2", CLIP, SONG, catalog=catalog)["song"] == "slack-file:F6"


@pytest.mark.parametrize(
    ("text", "file", "message"),
    [
        ("", ONE, "one.png is not a video or an audio file that I can pass on. Attach MP4"),
        ("--song 1", CLIP, "`--song 1` means clip.mp4, which is not an audio file"),
        ("", replace(SONG, size=2**25), "song.mp3 has more than 20 MB. Attach a smaller audio"),
        ("--clip ftp://a.b/c", SONG, "begins with `https://`, or an attached video"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, text: str, file: Attached, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        images(text, file, catalog=catalog_with(tmp_path, FILMS))


def test_a_draft_keeps_what_its_files_are() -> None:
    """An image, which most are, as its ID alone; so did the buttons of earlier versions."""
    draft = Draft(text="x", channel="C1", files=(ONE, CLIP, THREE))
    value = draft.to_value()
    assert value == '["x","C1",null,null,["F1",["F5","video/mp4"],"F3"]]'
    read = Draft.of_value(value)
    assert read is not None
    assert [(file.id, file.mimetype) for file in read.files] == [
        ("F1", ""),
        ("F5", "video/mp4"),
        ("F3", ""),
    ]


def test_the_form_says_which_files_it_left_out(tmp_path: Path) -> None:
    """By what the model takes."""
    films = catalog_with(tmp_path, FILMS).default
    assert left_out(["cv.pdf"], KLING.default) == (
        "Left out, because I take PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF of at most 10 MB: cv.pdf."
    )
    assert "MP4, MOV or WebM of at most 100 MB; or MP3" in left_out(["cv.pdf"], films)
