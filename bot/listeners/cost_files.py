"""Bolt listener for *Chart* and *Download CSV* under a cost report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import require_member
from bot.jobs.cost_report import ReportSpec
from bot.jobs.services import Services
from bot.listeners.context import answer_click
from bot.listeners.payloads import ButtonPayload
from bot.messages import cost_report
from bot.notifications.cost_file import CostFile, FileForm, put_cost_file

FILES: Mapping[str, tuple[FileForm, str]] = MappingProxyType(
    {
        cost_report.CSV: (FileForm.CSV, "The CSV"),
        cost_report.CHART: (FileForm.CHART, "The chart"),
    }
)
"""The form and the name of each button's file, by its action ID."""


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the buttons."""

    async def file_wanted(ack: AsyncAck, body: dict[str, object]) -> None:
        await press(ButtonPayload.read(body), services)
        await ack()

    app.action(re.compile(f"^({'|'.join(FILES)})$"))(file_wanted)


async def press(payload: ButtonPayload, services: Services) -> None:
    """Put the file into the outbox; committed when this returns.

    Idempotent by the dedup key of the interaction.
    """

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        await require_member(interaction, services)
        try:
            spec = ReportSpec.model_validate_json(payload.action.value)
        except ValidationError:
            return cost_report.report_gone()
        form, name = FILES[payload.action.action_id]
        await put_cost_file(CostFile(form=form, spec=spec), interaction, services)
        return cost_report.file_comes(name)

    await answer_click(payload, handle, payload.interaction(), services)
