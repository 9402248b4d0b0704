"""People, channels and groups that a text mentions: read by name, never by ID. Pure.

Slack's text has a mention's ID and sometimes its name. An input keeps the ID where there was no
name, so that equal asks stay equal; the job's row has the names, which Slack is asked for later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.base.patterns import lazy_compile
from bot.options.schema import PROMPT, texts_of
from bot.options.styles import asked_items
from storage.job import Job, Json

# https://docs.slack.dev/messaging/formatting-message-text#advanced
_MENTION = lazy_compile(r"<(?:@([UW][A-Z0-9]+)|#([CDG][A-Z0-9]+)|!subteam\^(S[A-Z0-9]+))\|?>")

PERSON = lazy_compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
"""A person, as a whole word of what is typed: the ID is the group."""
CHANNEL = lazy_compile(r"<#([A-Z0-9]+)(?:\|[^>]*)?>")
"""A channel, likewise."""

SOMEBODY = "@somebody"
SOME_CHANNEL = "a channel"
SOME_GROUP = "a group"


def mentioned(value: Json) -> tuple[str, ...]:
    """Return the IDs of all people, channels and groups in the texts of a value, each once."""
    found = (match for text in texts_of(value) for match in _MENTION.finditer(text))
    return tuple(dict.fromkeys(match[1] or match[2] or match[3] for match in found))


def with_names(value: Json, names: Mapping[str, str]) -> Json:
    """Return a value with the names, by ID, in place of the mentions; or with general words."""
    match value:
        case str():
            return in_names(value, names)
        case Mapping():
            return {key: with_names(part, names) for key, part in value.items()}
        case list() | tuple():
            return [with_names(part, names) for part in value]
        case _:
            return value


def in_names(text: str, names: Mapping[str, str]) -> str:
    """Return a text with the names, by ID, in place of the mentions; or with general words."""

    def name_of(match: re.Match[str]) -> str:
        usual = SOMEBODY if match[1] else SOME_CHANNEL if match[2] else SOME_GROUP
        return names.get(match[1] or match[2] or match[3], usual)

    return _MENTION.sub(name_of, text)


def named_input(job: Job) -> Mapping[str, Json]:
    """Return a job's input as a person reads it, and as MindVideo gets it."""
    return {name: with_names(value, job.names) for name, value in job.input.items()}


def asked_prompt(job: Job) -> str:
    """Return a job's prompt as it was asked for, without its style; empty if there is none."""
    prompt = job.input.get(PROMPT) if job.style is None else job.style.prompt
    return in_names(prompt, job.names) if isinstance(prompt, str) else ""


def asked_input(job: Job) -> Mapping[str, Json]:
    """Return `named_input` with the prompt and the shots as they were asked for."""
    if job.style is None:
        return named_input(job)
    given = {name: asked_items(job.style.words, value) for name, value in job.input.items()}
    return {**named_input(replace(job, input=given)), PROMPT: asked_prompt(job)}
