"""Tests of the rules for Prometheus: they name only metrics, labels and values that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

from bot.app.http.refusals import Reason
from bot.base import errors
from bot.base.metrics import Metrics
from storage.job import Stage

RULES = Path("docs/operations/alerts.yml").read_text(encoding="utf-8")
ALERTS = [part for part in re.split(r"(?m)^ +- alert: ", RULES) if part.startswith("VideoBot")]
ANSWERS = {"accepted", "answered", "refused", "opened", "failed"}
RESULTS = {"surprise", "crashed", *vars(errors)}
VALUES: Mapping[str, AbstractSet[str]] = {
    "stage": set(Stage),
    "answer": ANSWERS,
    "result": RESULTS,
    "reason": set(Reason),
}


def expression(alert: str) -> str:
    """Return the rule's expression."""
    return alert.split("expr:")[1].split("labels:", maxsplit=1)[0]


def metrics_shown() -> Iterator[str]:
    """Yield the name of every metric, as it stands in a sample."""
    metrics = Metrics()
    metrics.ask_answered("command", "accepted", 0.1)
    metrics.step_done("rendering", "snooze", 0.1)
    metrics.request_refused("signature")
    metrics.count_stages({})
    metrics.age_of_due({})
    for line in metrics.render().decode().splitlines():
        if not line.startswith("#"):
            yield re.split(r"[{ ]", line)[0]


def test_each_rule_names_metrics_that_exist() -> None:
    known = set(metrics_shown())
    for alert in ALERTS:
        named = set(re.findall(r"video_bot_\w+", expression(alert)))
        assert named or "up{" in alert
        assert named <= known


def test_each_rule_names_labels_and_values_that_exist() -> None:
    named = [
        found for each in ALERTS for found in re.findall(r'(\w+)=~?"([^"]*)"', expression(each))
    ]
    named.remove(("job", "video-bot"))
    assert named
    for label, values in named:
        assert set(values.split("|")) <= VALUES[label]


@pytest.mark.parametrize("part", ["expr:", "labels: {severity: ", "summary: ", "do: "])
def test_each_rule_says_when_how_urgent_what_and_what_to_do(part: str) -> None:
    assert len(ALERTS) == RULES.count("- alert:")
    assert all(part in alert for alert in ALERTS)
