"""Tests of the reading of a text as a request: values, defaults, changes, refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.base.errors import UsageError
from bot.options.attachments import Attached
from bot.options.catalog import Catalog
from bot.options.parser import read_text
from bot.options.request import (
    MOST_FLAGS,
    RenderRequest,
    changed_request,
    check_input,
    fitting,
    non_default_options,
    read_request,
)
from storage.job import Json
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with, model_file, model_with

KLING = Catalog.load()
ANIMATED = f"--model {ANIMATE_SLUG} --image-urls https://a.b/c.png"


@pytest.fixture
def both(tmp_path: Path) -> Catalog:
    """A catalog of two models that share the option `image_urls` only."""
    return catalog_with(tmp_path / "models", ANIMATE)


def refusal(text: str, catalog: Catalog = KLING) -> str:
    """Return the message of a refused request."""
    with pytest.raises(UsageError) as refused:
        read_request(read_text(text), catalog)
    return str(refused.value)


def typed(text: str, catalog: Catalog = KLING) -> Mapping[str, Json]:
    """Return the options of a request besides the prompt."""
    values = dict(read_request(read_text(text), catalog).input)
    values.pop("prompt", None)
    return values


def test_a_request_holds_its_values_in_the_schemas_order() -> None:
    request = read_request(
        read_text("--aspect-ratio 9:16 a red car --duration 10 --mode pro"), KLING
    )
    assert request == RenderRequest(
        model="kling-v3",
        input={"mode": "pro", "prompt": "a red car", "duration": 10, "aspect_ratio": "9:16"},
        kind="kling-v3 mode=pro duration=10",
    )
    assert list(request.input) == ["mode", "prompt", "duration", "aspect_ratio"]


def test_the_kind_of_a_render_includes_defaults() -> None:
    assert read_request(read_text("a red car"), KLING).kind == "kling-v3 mode=std duration=5"


def test_the_kind_leaves_out_options_without_a_value(tmp_path: Path) -> None:
    model = model_with(tmp_path, {"a": {"type": "string"}}, render_time_by=["a"])
    assert check_input(model, {}).kind == "sample"
    assert check_input(model, {"a": "b"}).kind == "sample a=b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x --dur 3", {"duration": 3}),
        ("x --Aspect_Ratio=1:1", {"aspect_ratio": "1:1"}),
        ("x —ar 1:1", {"aspect_ratio": "1:1"}),
        ("x --no text", {"negative_prompt": "text"}),
        ("x --neg “some text”", {"negative_prompt": "some text"}),
        ("x --mode PRO", {"mode": "pro"}),
        ("x --audio", {"audio": True}),
        ("x --no-audio", {"audio": False}),
        ("x --no-sound", {"audio": False}),
        ("x --no-w", {"watermark": False}),
        ("x --audio=off", {"audio": False}),
        ("x --audio FALSE", {"audio": False}),
        ("x --audio true", {"audio": True}),
        ("x --no-audio false", {"audio": False}),
        ("x -calm -4 --no '-duration'", {"negative_prompt": "-duration"}),
        ("x --duration +5", {"duration": 5}),
        (
            "x --image https://a.b --image-urls https://c.d",
            {"image_urls": ["https://a.b", "https://c.d"]},
        ),
        ("x --image https://a.b", {"image_urls": ["https://a.b"]}),
        (
            'x --image ["https://a.b","https://c.d"] --image https://e.f',
            {"image_urls": ["https://a.b", "https://c.d", "https://e.f"]},
        ),
        ("x --image []", {"image_urls": []}),
        ("x --shots {“prompt”: “it’s”}", {"multi_prompt": [{"prompt": "it’s"}]}),
        ("""x --shots '{"a": "“b”"}'""", {"multi_prompt": [{"a": "“b”"}]}),
        ('x --no "\u202eevil\u200f"', {"negative_prompt": "evil\u200f"}),
        ("x --model kling-v3", {}),
        ("x --duration 10s", {"duration": 10}),
        ("x --duration 10, --mode pro.", {"duration": 10, "mode": "pro"}),
        ("x --ar vertical; --no-audio", {"aspect_ratio": "9:16", "audio": False}),
        ("x --duration 10 s", {"duration": 10}),
        ("x --duration=10 Seconds --mode pro", {"duration": 10, "mode": "pro"}),
        ('x --duration "10 sec"', {"duration": 10}),
        ("x --duration 10\u200b", {"duration": 10}),
        ("x --ar 9x16", {"aspect_ratio": "9:16"}),
        ("x --ar 9 by 16", {"aspect_ratio": "9:16"}),
        ("x --ar Vertical", {"aspect_ratio": "9:16"}),
        ("x --ar=square", {"aspect_ratio": "1:1"}),
        ("x --ar landscape", {"aspect_ratio": "16:9"}),
        ("x --mode 1080p", {"mode": "pro"}),
        ("x --mode full hd", {"mode": "pro"}),
        ("x --mode pro\u200e", {"mode": "pro"}),
        ("x --audio off", {"audio": False}),
        ("x --audio on --mode pro", {"audio": True, "mode": "pro"}),
    ],
)
def test_flags_become_values(text: str, expected: Mapping[str, Json]) -> None:
    assert typed(text) == expected


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("--duration 10 s a lake", "a lake"),
        ("--duration 10 sunny days", "sunny days"),
        ("--audio on the sea", "on the sea"),
        ("--ar 9 by 16 by the sea", "by the sea"),
        ("--mode pro seconds before midnight", "seconds before midnight"),
    ],
)
def test_words_behind_a_value_stay_in_the_prompt(text: str, prompt: str) -> None:
    assert read_request(read_text(text), KLING).input["prompt"] == prompt


EVERYTHING = (
    "The quote that opens at",
    "Write `--mode` with two dashes",
    "Kling V3 has no option `--zoom`",
    "`--mode` must be one of",
    "a.pdf is not an image",
    "`--first-frame-image 7` means attached file 7",
    "`--duration` must be a whole number",
    "`--image-urls`, item 1 must be a link",
)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    files = [Attached(id="F1", name="a.pdf", mimetype="text/pdf")]
    text = 'a "lake --mode best --zoom 3 --duration 99 -mode --image http://a.b --first 7'
    with pytest.raises(UsageError) as refused:
        read_request(read_text(text), KLING, files=files)
    found = list(refused.value.problems)
    assert [problem[: len(start)] for problem, start in zip(found, EVERYTHING, strict=True)] == [
        *EVERYTHING
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("--resolution 480", {"resolution": 480}),
        ("--resolution auto", {"resolution": "auto"}),
        ("--guidance .3", {"guidance": 0.3}),
        ("--guidance 1", {"guidance": 1}),
        ("--guidance 1e-1", {"guidance": 0.1}),
        ("--seed -1", {"seed": -1}),
        ("--seed –1", {"seed": -1}),
        ("--seed 18446744073709551615", {"seed": 18446744073709551615}),
        ("--points [1,2] --points [3,4]", {"points": [[1, 2], [3, 4]]}),
        ("--points [[1,2],[3,4]]", {"points": [[1, 2], [3, 4]]}),
        ("--camera {“pan”: 3}", {"camera": {"pan": 3}}),
        ("--tags calm --tags WILD", {"tags": ["calm", "wild"]}),
        ("--no-loop", {"loop": False}),
        ("--code DE", {"code": "DE"}),
    ],
)
def test_the_options_of_another_model_are_read_from_its_file(
    both: Catalog, text: str, expected: Mapping[str, Json]
) -> None:
    assert typed(f"{ANIMATED} {text}", both) == {
        "image_urls": ["https://a.b/c.png"],
        "resolution": 720,
        **expected,
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x --duration 40", "`--duration` must be a whole number from 3 to 15; you gave `40`."),
        ("x --duration ten", "`--duration` must be a whole number from 3 to 15; you gave `ten`."),
        ("x --duration 5.5", "`--duration` must be a whole number from 3 to 15; you gave `5.5`."),
        ('x --duration ""', "`--duration` must be a whole number from 3 to 15; you gave nothing."),
        ("x --mode best", "`--mode` must be one of `std`, `pro`, `4k`; you gave `best`."),
        ("x --audio=maybe", "`--audio` must be true or false; you gave `maybe`."),
        ("x --audio=", ""),
        ("x --no-audio=1", "`--no-audio` takes no value; you gave `1`."),
        ("x --mode", "`--mode` needs a value: one of `std`, `pro`, `4k`."),
        ("x --mode --audio", "`--mode` needs a value: one of `std`, `pro`, `4k`."),
        ("x --image a --image", "`--image-urls` needs a value: a list, each text."),
        ("x --model", "`--model` needs a value, a model's name."),
        (
            "x --mode std --mod=pro --mode pro",
            "`--mod` could be `--model` or `--mode`. Write more of it.",
        ),
        (
            "x --mode std --mode=pro",
            "`--mode` is given more than once (`std`, `pro`). Give it once.",
        ),
        (
            "x --audio --no-audio",
            "`--audio` is given more than once (`--audio`, `--no-audio`). Give it once.",
        ),
        (
            "x --model kling-v3 --model kling-v3",
            "`--model` is given more than once (`kling-v3`, `kling-v3`). Give it once.",
        ),
        (
            "x --prompt y",
            "The prompt is given twice: by `--prompt` and as `x`. Give it once.",
        ),
        ("x --duraton 5", "Kling V3 has no option `--duraton`. Did you mean `--duration`?"),
        ("x --length 5", "Kling V3 has no option `--length`. Did you mean `--duration`?"),
        ("x --lenght 5", "Kling V3 has no option `--lenght`. Did you mean `--duration`?"),
        ("x --shedule 9:00", "Kling V3 has no option `--shedule`. Did you mean `--at`?"),
        (
            "x --Start_Frame 1",
            "Kling V3 has no option `--Start_Frame`. Did you mean `--first-frame-image`?",
        ),
        (
            "x --at 9:00 --every monday",
            "`monday` is no interval. Write `--every week`, and the day",
        ),
        ("x --count 3", "Kling V3 has no option `--count`. Did you mean `--times`?"),
        ("x --when 9:00", "Kling V3 has no option `--when`. Did you mean `--at`?"),
        ("x --repeat day", "Kling V3 has no option `--repeat`. Did you mean `--every`?"),
        ("x --price", "Kling V3 has no option `--price`. Did you mean `--dry`?"),
        ("x --campaign a", "Kling V3 has no option `--campaign`. Did you mean `--project`?"),
        ("x --preset a", "Kling V3 has no option `--preset`. Did you mean `--style`?"),
        ("x --character a", "Kling V3 has no option `--character`. Did you mean `--cast`?"),
        (
            "x --vertical",
            "Kling V3 has no option `--vertical`. Did you mean `--aspect-ratio 9:16`?",
        ),
        (
            "x --zzz",
            (
                "Kling V3 has no option `--zzz`. `/video help kling-v3` lists all; "
                "words behind a lone `--` belong to the prompt."
            ),
        ),
        ("x -duration 5", "Write `--duration` with two dashes; you gave `-duration`."),
        ("x --m 5", "`--m` could be `--model` or `--mode` or `--multi-shot` or `--multi-prompt`."),
        (
            "x --model wan-2",
            "There is no model `wan-2`. Models: `kling-v3`.",
        ),
        (
            "x --shots {bad",
            (
                "`--multi-prompt` must be a JSON object; you gave `{bad`, which is not JSON "
                "(Expecting property name enclosed in double quotes, character 2)."
            ),
        ),
        (
            "x --shots [1",
            (
                "`--multi-prompt` must be a list, each a JSON object; you gave `[1`, which is not "
                "JSON (Expecting ',' delimiter, character 3)."
            ),
        ),
        (
            "x --shots {} --shots 7",
            "`--multi-prompt`, item 2 must be a JSON object; you gave `7`.",
        ),
        ('x --shots {"a":NaN}', '`--multi-prompt` must be a JSON object; you gave `{"a":NaN}`'),
        (
            'x --shots \'{"a": "\\ud800"}\'',
            "`--multi-prompt` holds half of a character (U+D800, character 1). Remove it.",
        ),
        (
            "x --shots '{\"a\\u0000\": 1}'",
            "`--multi-prompt` holds a control character (U+0000, character 2). Remove it.",
        ),
        (
            f"x --shots '{{\"a\": {'[' * 30}{']' * 30}}}'",
            "`--multi-prompt` is nested more than 20 deep. Flatten it.",
        ),
        (f"x --image {'[' * 9999}", "`--image-urls` must be a list, each text; you gave `[["),
        (
            f"x --shots '{{\"a\": {'9' * 400}}}'",
            "`--multi-prompt` holds a number that is too large. Give a smaller one.",
        ),
        ("a\x07b", "The prompt holds a control character (U+0007, character 2). Remove it."),
        ("a\x00b", "The prompt holds a control character (U+0000, character 2). Remove it."),
        (
            "a\ud800b",
            "The prompt holds half of a character (U+D800, character 2). Remove it.",
        ),
        (
            "",
            "Say what to show, for example `/video a red sports car on a coastal road at sunset`.",
        ),
        ("--mode pro", "Say what to show, for example `/video a red sports car"),
        ('""', "Say what to show"),
        ("\u200b\u2066 \u00a0", "Say what to show"),
        (
            "x" * 2731,
            "The prompt has 2,731 characters; Kling V3 takes at most 2,500. Shorten it by 231.",
        ),
        ('say "hi', 'The quote that opens at `"hi` is not closed. Close it, or leave it out.'),
    ],
)
def test_an_invalid_request_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    if not sentence:
        assert typed(text) == {"audio": True}
        return
    assert refusal(text).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            f"--model {ANIMATE_SLUG}",
            (
                "`--image-urls` is missing: Animate 2 needs it. "
                "Mention me in a message with an image, or give a link."
            ),
        ),
        (
            f"a lake --model {ANIMATE_SLUG}",
            (
                "Animate 2 takes no prompt; you gave `a lake`. "
                "Give `--image-urls`, `--resolution` instead."
            ),
        ),
        (f"{ANIMATED} --image-urls x", "`--image-urls`, item 2 must be a link that begins"),
        (
            f"{ANIMATED} --image-urls http://[",
            "`--image-urls`, item 2 must be a link that begins",
        ),
        (
            f"{ANIMATED} --resolution 481",
            "`--resolution` must be one of `480`, `720`, `auto`; you gave `481`.",
        ),
        (
            f"{ANIMATED} --guidance 0.35",
            "`--guidance` must be a number from 0 to 1 in steps of 0.1; you gave `0.35`.",
        ),
        (f"{ANIMATED} --guidance 1e999", "`--guidance` holds a number that is too large."),
        (f"{ANIMATED} --guidance x", "`--guidance` must be a number from 0 to 1"),
        (
            f"{ANIMATED} --points [1]",
            (
                "`--points`, item 1 must be a list of at least 2 items, each a whole number; "
                "you gave `[1]`."
            ),
        ),
        (
            f"{ANIMATED} --points [1,true]",
            "`--points`, item 1, item 2 must be a whole number; you gave `true`.",
        ),
        (
            f"{ANIMATED} --camera {{}}",
            "`--camera` must be a JSON object with `pan` (a whole number from -10 to 10); "
            "`name` (text of at most 5 characters), if wanted; you gave `{{}}`.".replace(
                "{{}}", "{}"
            ),
        ),
        (
            f'{ANIMATED} --camera {{"pan":99}}',
            "`--camera`, `pan` must be a whole number from -10 to 10; you gave `99`.",
        ),
        (
            f"{ANIMATED} --tags calm --tags calm",
            (
                "`--tags` must be a list, each one of `calm`, `wild`, all different; "
                'you gave `["calm", "calm"]`.'
            ),
        ),
        (f"{ANIMATED} --code d", "`--code` must be text, matching `^[A-Z]{2}$`; you gave `d`."),
        (
            f"{ANIMATED} --duration 5",
            (
                "`--duration` is an option of `kling-v3`, not of `studio/animate-2`. "
                "Add `--model kling-v3` to use it."
            ),
        ),
        ("x --mod=pro --model", "`--mod` could be `--model` or `--mode`."),
        (f"{ANIMATED} --mo x", "Write `--model` in full; you gave `--mo`."),
        (
            "x --seed 4",
            (
                "`--seed` is an option of `studio/animate-2`, not of `kling-v3`. "
                "Add `--model studio/animate-2` to use it."
            ),
        ),
    ],
)
def test_a_refusal_of_another_model_comes_from_its_file(
    both: Catalog, text: str, sentence: str
) -> None:
    assert refusal(text, both).startswith(sentence)


def test_a_model_without_required_options_accepts_an_empty_text(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, model_file({"a": {"type": "boolean"}}, default=True))
    assert read_request(read_text(""), catalog).input == {}
    assert refusal("words", catalog) == "sample takes no prompt; you gave `words`."


def test_a_refusal_has_an_example_for_every_model(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, model_file({"prompt": {"type": "string"}}, "prompt"))
    assert "for example `/video " in refusal("--model sample", catalog)


def test_a_long_value_is_quoted_short_and_escaped() -> None:
    sentence = refusal(f"x --mode '`a`\n{'b' * 40_000}'")
    assert f"you gave `'a' {'b' * 56}…`." in sentence


def test_typed_options_override_the_channels_defaults(both: Catalog) -> None:
    defaults: Mapping[str, Json] = {"mode": "pro", "duration": 8, "model": "kling-v3", "seed": 4}
    request = read_request(read_text("x --duration 4"), both, defaults=defaults)
    assert request.input == {"mode": "pro", "prompt": "x", "duration": 4}


def test_invalid_defaults_are_ignored() -> None:
    defaults: Mapping[str, Json] = {"mode": "best", "duration": 99, "audio": True, "model": "gone"}
    assert read_request(read_text("x"), KLING, defaults=defaults).input == {
        "audio": True,
        "prompt": "x",
    }


def test_a_channel_may_have_its_own_model(both: Catalog) -> None:
    request = read_request(
        read_text("--image-urls https://a.b"), both, defaults={"model": ANIMATE_SLUG}
    )
    assert request.model == ANIMATE_SLUG


def test_an_input_is_checked_like_a_typed_one() -> None:
    model = KLING.default
    request = check_input(
        model, {"prompt": " x ", "duration": None, "image_urls": ("https://a.b",)}
    )
    assert request.input == {"prompt": "x", "image_urls": ["https://a.b"]}
    with pytest.raises(UsageError, match="Kling V3 has no option `color`"):
        check_input(model, {"prompt": "x", "color": 1})
    with pytest.raises(UsageError, match="The prompt must be text, not empty; you gave `5`"):
        check_input(model, {"prompt": 5})


EARLIER = read_request(read_text("a lake --mode pro --duration 10"), KLING)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("--duration 8", {"mode": "pro", "prompt": "a lake", "duration": 8}),
        ("make it night", {"mode": "pro", "prompt": "a lake. make it night", "duration": 10}),
        ("night --mode std", {"mode": "std", "prompt": "a lake. night", "duration": 10}),
        ("new: a hill", {"mode": "pro", "prompt": "a hill", "duration": 10}),
        ("NEW: a hill --mode std", {"mode": "std", "prompt": "a hill", "duration": 10}),
        ('--prompt "a hill"', {"mode": "pro", "prompt": "a hill", "duration": 10}),
        ("--model kling-v3", {"mode": "pro", "prompt": "a lake", "duration": 10}),
        ("make it --duration 8 please", {"mode": "pro", "prompt": "a lake", "duration": 8}),
        ("again, but --duration 8", {"mode": "pro", "prompt": "a lake", "duration": 8}),
    ],
)
def test_a_reply_changes_only_what_it_names(text: str, changed: Mapping[str, Json]) -> None:
    assert changed_request(EARLIER, read_text(text), KLING).input == changed


def test_a_reply_that_changes_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="Say what to change"):
        changed_request(EARLIER, read_text("  "), KLING)
    with pytest.raises(UsageError, match="Say what to change"):
        changed_request(EARLIER, read_text("make it please"), KLING)


def test_a_change_of_model_lists_the_options_left_out(both: Catalog) -> None:
    request = changed_request(EARLIER, read_text(ANIMATED), both)
    assert request.left_out == ("Mode", "Prompt", "Duration")
    assert request.input == {"image_urls": ["https://a.b/c.png"], "resolution": 720}


def test_a_removed_model_can_be_replaced(both: Catalog) -> None:
    earlier = RenderRequest(model="gone", input={"prompt": "x", "color": "red"}, kind="gone")
    request = changed_request(earlier, read_text("--model kling-v3"), both)
    assert (request.input, request.left_out) == ({"prompt": "x"}, ("color",))
    with pytest.raises(UsageError, match="There is no model `gone`"):
        changed_request(earlier, read_text("y"), both)


def test_a_kept_option_that_the_other_model_refuses_is_an_error(tmp_path: Path) -> None:
    short = model_file(
        {"prompt": {"type": "string"}, "duration": {"type": "integer", "maximum": 6}}
    )
    catalog = catalog_with(tmp_path, short)
    with pytest.raises(UsageError, match="`--duration` must be a whole number up to 6; you gave"):
        changed_request(EARLIER, read_text("--model sample"), catalog)


def test_only_options_that_differ_from_defaults_are_shown() -> None:
    values: Mapping[str, Json] = {
        "mode": "std",
        "prompt": "x",
        "audio": True,
        "negative_prompt": "y" * 99,
    }
    assert non_default_options(KLING.default, values) == (
        ("Audio", "on"),
        ("Keep out", f"{'y' * 60}…"),
    )


def test_fitting_keeps_valid_values_only() -> None:
    values: Mapping[str, Json] = {"mode": "best", "duration": 4, "else": 1, "prompt": " "}
    assert fitting(KLING.default, values) == {"duration": 4}


PIECES = [
    *"\"'“”‘’{}[]:,=-–—<>&; \n\x00\ud800",
    "--mode ",
    "--shots ",
    "--image ",
    "--d",
    "\n3s: ",
    "5 ",
    "x",
]
TRICKY = st.lists(
    st.sampled_from([*PIECES, " -- ", "--model ", "kling-v3", "--no-audio", '{"a": 1}'])
)


@settings(deadline=None)  # the time of one example varies on a busy machine
@given(st.one_of(st.text(), TRICKY.map("".join)))
def test_any_text_is_a_request_or_a_refusal(text: str) -> None:
    try:
        request = read_request(read_text(text), KLING)
    except UsageError:
        return
    assert request.input == check_input(KLING.default, request.input).input
    json.dumps(request.input, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        "--x= " * (MOST_FLAGS + 1),
        " ".join(f"—option{number} a" for number in range(MOST_FLAGS + 1)),
        "a lake " + "--duration 5 " * (MOST_FLAGS + 1),
    ],
    ids=["unknown", "all different", "known"],
)
def test_a_text_of_nothing_but_flags_is_refused_without_reading_them(text: str) -> None:
    """Each wrong one is compared with all names: thousands of them take a second."""
    assert f"names {MOST_FLAGS + 1} options" in refusal(text)
    request = read_request(read_text("a lake"), KLING)
    with pytest.raises(UsageError, match="at most 100 are read"):
        changed_request(request, read_text(text), KLING)


def test_so_many_flags_behind_two_hyphens_are_a_prompt() -> None:
    """As the refusal says."""
    text = "--x= " * (MOST_FLAGS + 1)
    assert read_request(read_text(f"-- {text}"), KLING).input == {"prompt": text.strip()}
