"""Tests of mentions in a prompt: names in place of IDs."""

from __future__ import annotations

from dataclasses import replace

from bot.options.mentions import in_names, mentioned, named_input
from storage.job import Json
from tests.support.store_samples import a_job

TEXT = "<@U1> and <@W2|> in <#C1> for <!subteam^S1>, not <@u1> or <@>"


def test_the_ids_of_people_channels_and_groups_are_found_in_every_text() -> None:
    value: Json = {"a": ["<@U1> <@U1>", {"b": "<#C1|>"}], "c": 5, "d": "<!subteam^S1>"}
    assert mentioned(value) == ("U1", "C1", "S1")


def test_a_name_takes_the_place_of_its_id_and_a_general_word_of_an_unknown_one() -> None:
    assert in_names(TEXT, {"U1": "@ann", "S1": "@design"}) == (
        "@ann and @somebody in a channel for @design, not <@u1> or <@>"
    )


def test_a_job_is_read_with_its_names() -> None:
    shots: Json = [{"prompt": "<@U1> waves", "duration": 5}]
    job = replace(a_job(), input={"prompt": "<@U1>", "multi_prompt": shots}, names={"U1": "@ann"})
    assert named_input(job) == {
        "prompt": "@ann",
        "multi_prompt": [{"prompt": "@ann waves", "duration": 5}],
    }
