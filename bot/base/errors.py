"""The tree of exceptions, each named by the right reaction to it."""

from __future__ import annotations

from storage.job import Failure
from storage.pace import NextPermit


class BotError(Exception):
    """An error that the bot can explain. `str(error)` is a plain sentence without secrets."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        failure: Failure | None = None,
        why: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        """The service's own code for the error, for support."""
        self.request_id = request_id
        self.retry_after = retry_after
        """How many seconds to wait, as the service requested, clamped; `None`: it did not say."""
        self.failure = failure
        """The class of the error, where it concerns a render; `None`: unknown."""
        self.why = why
        """Why the network failed, for operators: it names hosts and proxies, and no secret."""

    @property
    def in_full(self) -> str:
        """The sentence with the reason behind it, for the log and for operators."""
        sentence = str(self)
        return f"{sentence.removesuffix('.')}: {self.why}." if self.why else sentence


class ConfigurationError(BotError):
    """The operator must change the configuration before the program can start."""


class UsageError(BotError):
    """The user's input cannot be executed; each of `problems` says what to type instead."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class RetryLaterError(BotError):
    """Certainly not done. Try again, after `retry_after` seconds or by the bot's own backoff."""


class PermitLaterError(BotError):
    """Certainly not done: the service takes the call only later.

    It is asked for again after `after` seconds, or shortly before its `permit` is valid.
    """

    def __init__(self, *, after: float = 0.0, permit: NextPermit = None) -> None:
        super().__init__("The service takes no more calls now.")
        self.after = after
        self.permit: NextPermit = permit


class TooManyMessagesError(RetryLaterError):
    """A place has more messages than are looked through."""


class OutcomeUnknownError(BotError):
    """Perhaps done, perhaps not. Check before trying again."""


class RefusedError(BotError):
    """Certainly not done, and a retry cannot succeed: notify the user."""


class KeyConflictError(RefusedError):
    """MindVideo knows this idempotency key with another input: an operator must check."""


class NotFoundError(RefusedError):
    """The requested object does not exist, or no longer exists."""


class UnreachablePlaceError(RefusedError):
    """The channel, thread or message is not writable for the bot: gone, archived or not joined."""


class NotAMemberError(UnreachablePlaceError):
    """The bot is not in the channel, or cannot see it. It can join a public one."""


class CannotShareFileError(RefusedError):
    """Slack does not accept this file here (size, policy, storage): post a link instead."""


class OperatorMustActError(BotError):
    """A key, a token, a scope or the credit is missing or invalid.

    Hold the job, notify the operator, and retry slowly.
    """
