"""The queue: claims due rows, runs their steps and commits the results."""

from __future__ import annotations

from importlib import metadata

# APScheduler searches the metadata of every installed package for plugins while it is imported,
# three times: 0.01 s of the start. The bot names none: it gives triggers that it has made itself.
_entry_points = metadata.entry_points
metadata.entry_points = lambda **_: metadata.EntryPoints(())  # type: ignore[assignment]
try:
    import apscheduler.schedulers.base  # noqa: F401 - the others import it from here on
finally:
    metadata.entry_points = _entry_points
