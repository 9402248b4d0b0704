"""The metrics say what happened, in Prometheus's words."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bot.base.metrics import Metrics
from storage.job import Stage


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_stage_is_told_also_the_empty_ones() -> None:
    metrics = Metrics()
    metrics.count_stages({Stage.RENDERING: 3})
    assert samples(metrics)[("video_bot_jobs", "rendering")] == 3
    metrics.count_stages({Stage.DELIVERED: 1})
    told = samples(metrics)
    assert {key[1]: value for key, value in told.items() if key[0] == "video_bot_jobs"} == {
        stage.value: float(stage is Stage.DELIVERED) for stage in Stage
    }


def test_asks_and_steps_are_counted_and_timed() -> None:
    metrics = Metrics()
    metrics.ask_answered("command", "accepted", 0.002)
    metrics.ask_answered("command", "accepted", 0.004)
    metrics.ask_answered("mention", "refused", 0.004)
    metrics.step_done(Stage.RENDERING, "again", 0.25)

    told = samples(metrics)

    assert told[("video_bot_asks_total", "accepted", "command")] == 2
    assert told[("video_bot_asks_total", "mention", "refused")] == 1
    assert told[("video_bot_ack_seconds_count",)] == 3
    assert told[("video_bot_ack_seconds_sum",)] == 0.01
    assert told[("video_bot_step_seconds_count", "again", "rendering")] == 1


def test_two_bots_in_one_process_do_not_share_metrics() -> None:
    first, second = Metrics(), Metrics()
    first.ask_answered("command", "accepted", 0.1)
    assert ("video_bot_asks_total", "accepted", "command") not in samples(second)
