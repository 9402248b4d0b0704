"""Tests of the metrics in Prometheus's text format."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bot.base.metrics import Metrics
from storage.job import Stage


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return the exported samples, by metric name and label values."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_stage_is_exported_even_without_a_job() -> None:
    metrics = Metrics()
    metrics.count_stages({Stage.RENDERING: 3})
    assert samples(metrics)[("video_bot_jobs", "rendering")] == 3
    metrics.count_stages({Stage.DELIVERED: 1})
    exported = samples(metrics)
    assert {key[1]: value for key, value in exported.items() if key[0] == "video_bot_jobs"} == {
        stage.value: float(stage is Stage.DELIVERED) for stage in Stage
    }


def test_requests_and_steps_are_counted_and_timed() -> None:
    metrics = Metrics()
    metrics.ask_answered("command", "accepted", 0.002)
    metrics.ask_answered("command", "accepted", 0.004)
    metrics.ask_answered("mention", "refused", 0.004)
    metrics.step_done(Stage.RENDERING, "again", 0.25)

    exported = samples(metrics)

    assert exported[("video_bot_asks_total", "accepted", "command")] == 2
    assert exported[("video_bot_asks_total", "mention", "refused")] == 1
    assert exported[("video_bot_ack_seconds_count",)] == 3
    assert exported[("video_bot_ack_seconds_sum",)] == 0.01
    assert exported[("video_bot_step_seconds_count", "again", "rendering")] == 1


def test_requests_that_are_not_handled_are_counted() -> None:
    metrics = Metrics()
    metrics.request_unserved("event", "unknown")
    assert samples(metrics)[("video_bot_requests_unserved_total", "event", "unknown")] == 1


def test_a_clock_that_differs_from_the_databases_is_told() -> None:
    metrics = Metrics()
    assert samples(metrics)[("video_bot_database_offset_seconds",)] == 0
    metrics.database_offset(-2.5)
    assert samples(metrics)[("video_bot_database_offset_seconds",)] == -2.5


def test_two_bots_in_one_process_do_not_share_metrics() -> None:
    first, second = Metrics(), Metrics()
    first.ask_answered("command", "accepted", 0.1)
    assert ("video_bot_asks_total", "accepted", "command") not in samples(second)
