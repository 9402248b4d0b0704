"""One job in three stages: requested, rendering, delivered."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from storage.job import Delivery, Job, Media, Outcome, Output, Stage

REQUESTED = Job(
    id="k7m2p9",
    dedup_key="command:T1:1",
    team="T1",
    channel="C1",
    user="U1",
    surface="command",
    model="kling-v3",
    input={"prompt": "a red sports car"},
    kind="kling-v3",
    created_at=1000.0,
)
RENDERING = replace(
    REQUESTED,
    stage=Stage.RENDERING,
    message_ts="1.1",
    first_sent_at=1000.0,
    chargeable_since=1000.0,
    submitted_at=1000.0,
)
DONE = replace(
    RENDERING,
    stage=Stage.DELIVERED,
    outcome=Outcome.SUCCEEDED,
    finished_at=1123.0,
    outputs=(Output(media=Media.VIDEO, url="https://files.example/v.mp4"),),
    cost_estimate=Decimal("0.40"),
    cost_actual=Decimal("0.42"),
    delivery=Delivery(ts="2.0"),
)
