"""The examples of the default model, with their prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bot.jobs.examples import load_examples
from storage.job import ForecastKind, Json
from tests.support.listener_harness import listener_harness
from tests.support.model_samples import catalog_with, model_file

PROMPT: Mapping[str, Json] = {
    "prompt": {"type": "string"},
    "seconds": {"type": "integer", "maximum": 9},
}


async def test_an_example_that_its_model_does_not_take_is_left_out(tmp_path: Path) -> None:
    """Nobody checks the examples of an operator's model file."""
    texts = ["a lake --seconds 5", "a sea --seconds 99", "a hill", "a fourth"]
    other = model_file(PROMPT, "prompt", default=True, examples=texts)
    catalog = catalog_with(tmp_path / "models", other)
    async with listener_harness(tmp_path) as harness:
        found = await load_examples(replace(harness.services, catalog=catalog))
    assert [one.text for one in found] == ["a lake --seconds 5", "a hill"]
    assert {one.forecast.kind for one in found} == {ForecastKind.UNKNOWN}
