"""Collects everything that is wrong with a request, so that one answer tells all of it."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType

from bot.base.errors import UsageError


class Problems:
    """The problems found so far, and the options that they concern."""

    def __init__(self, found: Iterable[str] = ()) -> None:
        self._found = list(found)
        self.options: set[str] = set()
        """Names of options with a problem; their values are not to be judged further."""

    def collected(self, option: str | None = None) -> Collected:
        """Return a context that keeps the problems of a `UsageError`, after which it goes on."""
        return Collected(self, option)

    def add(self, error: UsageError, option: str | None) -> None:
        """Keep the problems of an error, and the option that it concerns."""
        self._found += error.problems
        if option is not None:
            self.options.add(option)

    def raise_any(self) -> None:
        """Raise one `UsageError` with all problems, each once, if there is any."""
        if self._found:
            raise UsageError(*dict.fromkeys(self._found))


class Collected:
    """The context of `Problems.collected`.

    A class, because a generator takes four times as long, and each request enters twenty.
    """

    __slots__ = ("_option", "_problems")

    def __init__(self, problems: Problems, option: str | None) -> None:
        self._problems = problems
        self._option = option

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Keep a `UsageError`; let every other error pass."""
        if not isinstance(error, UsageError):
            return False
        self._problems.add(error, self._option)
        return True
