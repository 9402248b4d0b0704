"""Packages that only some installations have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.base.errors import ConfigurationError


@contextmanager
def needing_packages(advice: str) -> Iterator[None]:
    """Raise `ConfigurationError` with `advice` if a package is missing that is imported inside."""
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(advice) from error
