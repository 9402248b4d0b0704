"""Collects everything that is wrong with a request, so that one answer tells all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bot.base.errors import UsageError


class Problems:
    """The problems found so far, and the options that they concern."""

    def __init__(self, found: Iterable[str] = ()) -> None:
        self._found = list(found)
        self.options: set[str] = set()
        """Names of options with a problem; their values are not to be judged further."""

    @contextmanager
    def collected(self, option: str | None = None) -> Iterator[None]:
        """Keep the problems of a `UsageError` that is raised inside, and go on after it."""
        try:
            yield
        except UsageError as error:
            self._found += error.problems
            if option is not None:
                self.options.add(option)

    def raise_any(self) -> None:
        """Raise one `UsageError` with all problems, each once, if there is any."""
        if self._found:
            raise UsageError(*dict.fromkeys(self._found))
