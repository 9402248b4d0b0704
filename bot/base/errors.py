"""One tree of exceptions, each named by what to do about it."""

from __future__ import annotations


class BotError(Exception):
    """Something that the bot understands. `str(error)` is a plain sentence without secrets."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        """The other side's own word for it, for support."""
        self.request_id = request_id
        self.retry_after = retry_after
        """How many seconds the other side asked us to wait, clamped; `None`: it did not say."""


class ConfigurationError(BotError):
    """The operator must change the configuration before the program can start."""


class UsageError(BotError):
    """The person typed something that cannot be done; the message says what to type instead."""


class RetryLaterError(BotError):
    """Certainly not done. Do it again, after `retry_after` seconds or by our own backoff."""


class OutcomeUnknownError(BotError):
    """Perhaps done, perhaps not. Look before doing it again."""


class RefusedError(BotError):
    """Certainly not done and never will be: tell the person."""


class KeyConflictError(RefusedError):
    """MindVideo knows this idempotency key with another input: a person must look."""


class NotFoundError(RefusedError):
    """What was asked about is not there (any more)."""


class UnreachablePlaceError(RefusedError):
    """This channel, thread or message takes nothing from us: gone, archived or not joined."""


class NotAMemberError(UnreachablePlaceError):
    """The bot is not in the channel, or cannot see it: a public one can be entered."""


class CannotShareFileError(RefusedError):
    """Slack will not take this file here (size, policy, storage): send a link instead."""


class OperatorMustActError(BotError):
    """A key, a token, a scope or the credit: hold the job, tell the operator, try again slowly."""
