"""Chooses whether the bot makes spans, by its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.app.findings import Finding
from bot.app.roles import Role
from bot.base.extras import needing_packages
from bot.base.settings import Settings
from bot.base.traces import NO_TRACER, Tracer

NOT_INSTALLED = (
    "OTEL_EXPORTER_OTLP_ENDPOINT names a collector of spans, and the packages for it are not"
    " installed. Run: pip install 'slack-video-bot[otel]' (in a checkout: pip install"
    " '.[otel]'), or take the variable away."
)


def examine_tracing(settings: Settings) -> list[Finding]:
    """Check that traces which are wanted can be made. It may import for a second."""
    if settings.otel_exporter_otlp_endpoint is None:
        return []
    try:
        import bot.app.otel  # noqa: F401, PLC0415 - as below
    except ImportError:
        return [Finding(ok=False, what=NOT_INSTALLED)]
    return []


@asynccontextmanager
async def tracer_of(settings: Settings, role: Role) -> AsyncIterator[Tracer]:
    """Yield what makes the spans; without a collector nothing does, and nothing is imported.

    Raises `ConfigurationError` if the extra is not installed.
    """
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        yield NO_TRACER
        return
    with needing_packages(NOT_INSTALLED):
        # A second of imports, and packages that most bots do not have.
        from bot.app.otel import exporting  # noqa: PLC0415 - see above
    async with exporting(endpoint, role) as tracer:
        yield tracer
