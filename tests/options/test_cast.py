"""Members of the cast in a request: which names a text has, and where their files go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.base.errors import UsageError
from bot.options.attachments import Attached
from bot.options.cast import CastMember, may_name_cast
from bot.options.cast_names import names_in
from bot.options.catalog import Catalog
from bot.options.parser import read_text
from bot.options.request import changed_request, read_request
from storage.job import Json
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, model_file, write

KLING = Catalog.load()
MASCOT = CastMember(name="mascot", file="F1", former=("F0",))
HERO = CastMember(name="hero", file="F2")
CAST = {"mascot": MASCOT, "hero": HERO, "bär_3": CastMember(name="bär_3", file="F3")}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@mascot surfs", ["mascot"]),
        ("surfing @Mascot, @mascot's friend, (@hero).", ["mascot", "hero"]),
        ("@BÄR_3 and “@new-hero”—@x", ["bär_3", "new-hero", "x"]),
        ("ana@mascot.example a.b@hero @ mascot @@hero @mascot@example.org", []),
        (f"@{'x' * 30} @{'x' * 31} @-hero @hero-", ["x" * 30, "hero"]),
        ("https://a.example/@mascot www.a.example/@x, mailto:@y <@U0AB12> <@U0AB12|mia>", []),
        (
            "\N{FULLWIDTH COMMERCIAL AT}mascot and @mas\N{ZERO WIDTH SPACE}cot",
            ["mascot"],
        ),
        ("", []),
    ],
)
def test_names_stand_behind_an_at_sign(text: str, names: list[str]) -> None:
    assert list(names_in([text])) == names
    assert may_name_cast(read_text(text)) == bool(names)


@pytest.mark.parametrize(
    ("text", "known", "names"),
    [
        ("让@吉祥物在海滩上跑", ["吉祥物", "吉祥"], ["吉祥物"]),
        ("@mascotが走る、@猫と", ["mascot", "猫"], ["mascot", "猫"]),
        ("@마스코트가 달린다", ["마스코트"], ["마스코트"]),
        (f"@猫{'走' * 40}", ["猫"], ["猫"]),
        (f"@犬{'走' * 40}", ["猫"], []),
        ("@mascotte", ["mascot"], ["mascotte"]),
    ],
)
def test_a_name_ends_where_words_have_no_spaces(
    text: str, known: list[str], names: list[str]
) -> None:
    """Korean joins particles to it, too; in other scripts a longer word is another name."""
    assert list(names_in([text], known)) == names
    assert may_name_cast(read_text(text))


@pytest.mark.parametrize("people", ["mascot", "mascot.miller", "Mascot Miller"])
def test_a_person_who_is_mentioned_is_no_member(people: str) -> None:
    """Whatever of their name stands behind the `@`; the flag means the member all the same."""
    typed = replace(read_text(f"@{people} waves"), people=frozenset({people.casefold()}))
    request = read_request(typed, KLING, cast=CAST)
    assert "image_urls" not in request.input
    assert request.doubts == ()
    text = f"@{people} waves --cast mascot"
    typed = replace(read_text(text), people=frozenset({people.casefold()}))
    assert read_request(typed, KLING, cast=CAST).input["image_urls"] == ["slack-file:F1"]


@pytest.mark.parametrize("name", ["mascto", "mascott", "masot", "mascots", "mascotte"])
def test_a_name_that_is_nearly_a_members_is_asked_about(name: str) -> None:
    """It would be rendered, and charged, without the picture."""
    request = read_request(read_text(f"@{name} waves"), KLING, cast=CAST)
    assert "image_urls" not in request.input
    (doubt,) = request.doubts
    assert doubt.about.endswith("Did you mean “@mascot”?")
    assert name in doubt.about
    changed = changed_request(request, read_text("at night"), KLING, cast=CAST)
    assert changed.doubts == ()


def test_only_the_first_of_many_names_are_compared() -> None:
    """A text of thousands would hold up everybody else."""
    names = " ".join(f"@other{number}" for number in range(20))
    assert read_request(read_text(f"{names} @mascto"), KLING, cast=CAST).doubts == ()


@pytest.mark.parametrize("name", ["nobody", "mask", "mascotparade", "hey"])
def test_another_name_stays_text_without_a_question(name: str) -> None:
    """So does one near a short name, which is near too much."""
    cast = {**CAST, "he": CastMember(name="he", file="F4")}
    request = read_request(read_text(f"@{name} waves"), KLING, cast=cast)
    assert "image_urls" not in request.input
    assert request.doubts == ()


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("@mascot on a hill", ["F1"]),
        ("a hill --cast mascot", ["F1"]),
        ("a hill --cast @mascot, --cast Hero", ["F1", "F2"]),
        ("@hero and @nobody on a hill --cast hero,mascot", ["F2", "F1"]),
        ("-- @mascot on a --hill", ["F1"]),
        ("a hill --no @mascot", []),
        ('a hill --shots [{"prompt":"@hero_waves","duration":5}]', []),
        ('a hill --shots [{"prompt":"@hero waves","duration":5}]', ["F2"]),
        ("3s: @hero waves\n4s: @mascot waves back", ["F2", "F1"]),
    ],
)
def test_the_files_of_members_are_reference_images(text: str, images: list[str]) -> None:
    """They are named in the prompt, in the words of a shot, or by the flag."""
    request = read_request(read_text(text), KLING, cast=CAST)
    assert request.input.get("image_urls", []) == [f"slack-file:{one}" for one in images]
    assert {one.file for one in request.cast} == set(images)


def test_members_go_behind_files_and_links_each_once() -> None:
    text = "@mascot --image https://a.b/c.png --image @hero"
    files = [Attached(id="F9")]
    request = read_request(read_text(text), KLING, cast=CAST, files=files)
    assert request.input["image_urls"] == [
        "https://a.b/c.png",
        "slack-file:F2",
        "slack-file:F9",
        "slack-file:F1",
    ]
    assert {one.name for one in request.cast} == {"mascot", "hero"}
    again = read_request(read_text("@mascot, @Mascot --cast mascot"), KLING, cast=CAST)
    assert again.input["image_urls"] == ["slack-file:F1"]


def test_a_change_adds_members_to_the_earlier_images() -> None:
    """In place of their own earlier files; words of before name nobody anew."""
    before = read_request(
        read_text("@hero --image https://a.b/c.png"), KLING, cast={"hero": MASCOT_THEN}
    )
    assert before.input["image_urls"] == ["https://a.b/c.png", "slack-file:F0"]
    changed = changed_request(before, read_text("and @mascot"), KLING, cast=CAST)
    assert changed.input["image_urls"] == ["https://a.b/c.png", "slack-file:F1"]
    files = [Attached(id="F9")]
    replaced = changed_request(before, read_text("--cast hero"), KLING, files, cast=CAST)
    assert replaced.input["image_urls"] == ["slack-file:F9", "slack-file:F2"]


MASCOT_THEN = CastMember(name="hero", file="F0")


def test_too_many_images_are_one_sentence(tmp_path: Path) -> None:
    """With the number; nothing is dropped. Of a list, and of an option for one image."""
    catalog = Catalog.load(write(tmp_path, ANIMATE))
    files = [Attached(id="F8"), Attached(id="F9")]
    text = f"--model {ANIMATE_SLUG} --cast mascot,hero"
    with pytest.raises(UsageError) as error:
        read_request(read_text(text), catalog, cast=CAST, files=files)
    assert error.value.problems == ("Image urls: at most 3 images are taken, and there are 4.",)
    one_image = {"prompt": {"type": "string"}, "image": {"type": "string"}}
    sample = model_file(one_image, images=["image"])
    catalog = Catalog.load(write(tmp_path / "one", sample))
    with pytest.raises(UsageError) as error:
        read_request(read_text("--model sample @mascot @hero"), catalog, cast=CAST)
    assert error.value.problems == ("Image takes one image, and there are 2.",)


def test_a_model_without_images_says_so(tmp_path: Path) -> None:
    sample = model_file({"prompt": {"type": "string"}})
    catalog = Catalog.load(write(tmp_path, sample))
    with pytest.raises(UsageError, match="takes no images, so it cannot show `mascot`"):
        read_request(read_text("--model sample a hill with @mascot"), catalog, cast=CAST)


def test_a_picture_that_is_not_there_yet_is_told() -> None:
    coming = {"mascot": CastMember(name="mascot", copying="n1")}
    for text in ("@mascot surfs", "a hill --cast mascot", "a hill --first-frame-image @mascot"):
        with pytest.raises(UsageError, match="`mascot` is still on its way to Slack"):
            read_request(read_text(text), KLING, cast=coming)


def test_a_member_is_read_as_it_was_saved() -> None:
    """And one whose value has other types as one without a picture."""
    member = CastMember(
        name="mascot", file="F1", channel="C1", is_public=True, former=("F0",), copying="n1"
    )
    assert CastMember.of_value("mascot", member.to_value()) == member
    odd: Mapping[str, Json] = {
        "file": 1,
        "channel": None,
        "public": "yes",
        "former": "F0",
        "copying": [],
    }
    assert CastMember.of_value("x", odd) == CastMember(name="x")
