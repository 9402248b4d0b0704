"""Compiles a regular expression when it is first used, and not when its module is imported."""

from __future__ import annotations

import re
from functools import cached_property
from typing import AnyStr, Generic, cast


def lazy_compile(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return the pattern that `re.compile` returns, compiled when it is first used.

    A pattern takes 0.1 to 4 ms to compile, and the bot has 150: no start should wait for those of
    texts that nobody has written yet. An error in `source` is raised at the first use as well.
    """
    pattern = _LazyPattern(source, flags)
    _PATTERNS.append(pattern)
    # It has every method and attribute of the class, but cannot inherit from it.
    return cast("re.Pattern[AnyStr]", pattern)


def compile_all() -> None:
    """Compile all patterns that nothing has needed so far, so that no text waits for them."""
    for pattern in _PATTERNS:
        pattern.compiled  # noqa: B018 - computed when it is read


class _LazyPattern(Generic[AnyStr]):
    """A regular expression that is compiled when a method or an attribute of it is first read."""

    def __init__(self, source: AnyStr, flags: int) -> None:
        self._source: AnyStr = source
        self._flags = flags

    @cached_property
    def compiled(self) -> re.Pattern[AnyStr]:
        return re.compile(self._source, self._flags)

    def __getattr__(self, name: str) -> object:
        """Return a method or an attribute of the pattern, and keep it for the next time."""
        value: object = getattr(self.compiled, name)
        setattr(self, name, value)
        return value


_PATTERNS: list[_LazyPattern[str] | _LazyPattern[bytes]] = []
