"""Tests of the command that makes a model file of a copied page."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from bot.cli.model import MOST_BYTES
from bot.options.catalog import PACKAGED, Catalog
from tests.support.bot_process import ROOT

PAGE = ROOT / "tests/support/samples/pages/kling-v3.txt"
OTHER = PAGE.read_text(encoding="utf-8").replace('"kling-v3"', '"kling-v4"')
WIDER = OTHER.replace('"maximum": 15', '"maximum": 20')

Add = Callable[..., Result]


@pytest.fixture
def add(tmp_path: Path) -> Add:
    """Return a function that adds a text, with the test's folder as `MODELS_DIR`."""

    def run(text: str | bytes, *arguments: str) -> Result:
        env = {"MODELS_DIR": str(tmp_path)}
        return CliRunner().invoke(main, ["model", "add", "-", *arguments], input=text, env=env)

    return run


def files_in(folder: Path) -> dict[str, str]:
    """Return the files of a folder."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_page_becomes_a_file_that_the_bot_offers(add: Add, tmp_path: Path) -> None:
    """What was understood is said, and what is to be done. A repeat changes nothing."""
    done = add(OTHER)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "Model kling-v4, Kling V4; its schema begins in line 31:"
    assert "  prompt: text, not empty; required" in lines
    assert "  image_urls: images" in lines
    assert lines[-4].startswith("Taken for images by their names: first_frame_image, last")
    assert "first_frame_image for the first frame and last_frame_image for" in lines[-3]
    assert lines[-2].endswith("36. The API key in it was neither kept nor shown.")
    assert "restart it" in lines[-1]
    model = Catalog.load(tmp_path).get("kling-v4")
    assert model.schema == Catalog.load().default.schema
    before = files_in(tmp_path)
    assert "mv_live" not in str(before)
    again = add(OTHER.replace("\n", "\r\n"))
    assert "says the same already" in again.stdout
    assert (again.exit_code, files_in(tmp_path)) == (0, before)


def test_a_file_is_replaced_only_if_that_is_asked_for(add: Add, tmp_path: Path) -> None:
    """What was written by hand stays, and the earlier file stands beside it, out of use."""
    add(OTHER)
    path = tmp_path / "kling-v4.json"
    path = path.rename(tmp_path / "renamed.json")
    file = json.loads(path.read_text())
    file |= {"title": "Four", "bot": {"aliases": {"ar": "aspect_ratio"}, "images": ["image_urls"]}}
    path.write_text(json.dumps(file))
    before = files_in(tmp_path)
    refused = add(WIDER)
    assert (refused.exit_code, files_in(tmp_path)) == (2, before)
    assert "--replace" in refused.stderr
    done = add(WIDER, "--replace")
    assert f"The file as it was is {path}.1." in done.stdout
    assert "by their names" not in done.stdout
    assert files_in(tmp_path)[f"{path.name}.1"] == before[path.name]
    model = Catalog.load(tmp_path).get("kling-v4")
    assert (model.title, list(model.files)) == ("Four", ["image_urls"])
    assert "maximum': 20" in str(model.schema)
    assert add(OTHER, "--replace").exit_code == 0
    assert sorted(files_in(tmp_path)) == [path.name, f"{path.name}.1", f"{path.name}.2"]


def test_a_page_without_what_the_file_names_replaces_nothing(add: Add, tmp_path: Path) -> None:
    add(OTHER)
    before = files_in(tmp_path)
    refused = add(OTHER.replace('"last_frame_image": {', '"end": {'), "--replace")
    assert (refused.exit_code, files_in(tmp_path)) == (2, before)
    assert "bot.images names `last_frame_image`" in refused.stderr


def test_a_long_list_is_not_told_in_full(add: Add) -> None:
    """The file has all of it."""
    choices = ", ".join(f'"choice {number}"' for number in range(2000))
    done = add(OTHER.replace('"1:1"', choices).replace('"16:9"', '"choice 7"', 1))
    assert done.exit_code == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) < 700


def test_print_writes_nothing_and_needs_no_folder(tmp_path: Path) -> None:
    """The file goes to the standard output alone, as it would be written."""
    run = CliRunner().invoke(main, ["model", "add", "-", "--print", "--title", "Four"], input=OTHER)
    assert json.loads(run.stdout)["title"] == "Four"
    assert "Model kling-v4, Four" in run.stderr
    assert run.exit_code == 0
    without = CliRunner().invoke(main, ["model", "add", "-"], input=OTHER)
    assert (without.exit_code, without.stdout) == (2, "")
    assert "MODELS_DIR is not set" in without.stderr
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PAGE.read_text(), "`kling-v3` comes with the bot"),
        (OTHER[:-600], "has no end"),
        (OTHER.encode("utf-16"), "not in UTF-8"),
        (b" " * (MOST_BYTES + 1), "more than 1 MB"),
        (OTHER.replace('"minLength": 1', '"nullable": true'), "keyword `nullable` in properties"),
        (OTHER.replace('"minLength": 1', r'"\u001b[31m": 1'), "control character"),
        (OTHER.replace('"minLength": 1', '"\u00ad": 1'), "keyword `?` in properties"),
        (OTHER.replace('"minLength": 1', '"type": "words"'), "is not JSON Schema"),
        (OTHER.replace('"default": 5', '"default": 50'), "the default of `duration` is not"),
        (OTHER.replace('"kling-v4"', '"../x"'), "`../x` is no model's slug"),
    ],
)
def test_what_cannot_become_a_model_is_refused_in_a_sentence(
    add: Add, tmp_path: Path, text: str | bytes, sentence: str
) -> None:
    """By the checks of the bot's start. Nothing is written."""
    refused = add(text)
    assert (refused.exit_code, refused.stdout, files_in(tmp_path)) == (2, "", {})
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert "\x1b" not in refused.stderr
    assert "mv_live" not in refused.stderr


def test_no_file_of_another_model_is_written_over(add: Add, tmp_path: Path) -> None:
    """Nor anything where the bot would not start with the files that stand."""
    bundled = json.loads((PACKAGED / "kling-v3.json").read_text()) | {"slug": "other"}
    (tmp_path / "a_kling-v4.json").write_text(json.dumps(bundled))
    before = files_in(tmp_path)
    refused = add(OTHER.replace('"kling-v4"', '"a/kling-v4"'))
    assert "is the file of another model" in refused.stderr
    (tmp_path / "broken.json").write_text("{")
    assert "broken.json: it is not JSON" in add(OTHER).stderr
    (tmp_path / "broken.json").unlink()
    assert files_in(tmp_path) == before


def test_a_folder_that_takes_no_file_is_told(
    add: Add, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-written file is never left, nor one that came meanwhile written over."""
    monkeypatch.setattr(os, "fsync", fail := _Failing(OSError(28, "No space left on device")))
    refused = add(OTHER)
    assert "cannot be written (No space left on device). --print shows" in refused.stderr
    fail.error = FileExistsError()
    assert "was written meanwhile" in add(OTHER).stderr
    assert files_in(tmp_path) == {}


class _Failing:
    """A function that fails."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def __call__(self, _: object) -> None:
        raise self.error
