"""Maps Slack's error codes and HTTP statuses to the bot's exceptions."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.base.errors import (
    BotError,
    CannotShareFileError,
    NotAMemberError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
    UnreachablePlaceError,
)

_TOKEN = "Slack does not accept the bot's token any more: install the app again."  # noqa: S105 - a sentence
_POLICY = "A rule of this Slack workspace forbids it: ask its administrators."
_TOO_MUCH = "Slack asks us to slow down."
_INTERNAL = "Slack had trouble with this."
_NO_MEMBER = "The bot is not in this channel: invite it with /invite."
_NO_CHANNEL = "The bot cannot see this channel: it is gone, or private and the bot not invited."
_CLOSED = "This channel is archived or closed."
_NO_POSTING = "This channel or thread does not let the bot post."
_NO_MESSAGE = "The message is gone or cannot be changed any more."
_NO_DELETION = "Slack does not let the bot delete this: ask an administrator of the workspace."
_NO_PERSON = "Slack does not let the bot write to this person."
_NO_FILES = "This Slack workspace does not take this file (size, type or storage)."
_FILE_GONE = "Slack does not know this file any more."
_FORM_LATE = "Slack waited too long for the form: please try again."
_FORM_GONE = "This form is not open any more."

# https://docs.slack.dev/reference/methods lists the codes of each method at its end. Where the
# class is `OutcomeUnknownError`, a call that is safe to repeat raises `RetryLaterError` instead.
_MEANING: Mapping[str, tuple[type[BotError], str]] = MappingProxyType(
    {
        "ratelimited": (RetryLaterError, _TOO_MUCH),
        "rate_limited": (RetryLaterError, _TOO_MUCH),
        "message_limit_exceeded": (RetryLaterError, _TOO_MUCH),
        "team_added_to_org": (RetryLaterError, _INTERNAL),
        "external_channel_migrating": (RetryLaterError, _INTERNAL),
        "internal_error": (OutcomeUnknownError, _INTERNAL),
        "fatal_error": (OutcomeUnknownError, _INTERNAL),
        "service_unavailable": (OutcomeUnknownError, _INTERNAL),
        "request_timeout": (OutcomeUnknownError, _INTERNAL),
        "update_failed": (OutcomeUnknownError, _INTERNAL),
        "not_authed": (OperatorMustActError, _TOKEN),
        "invalid_auth": (OperatorMustActError, _TOKEN),
        "token_revoked": (OperatorMustActError, _TOKEN),
        "token_expired": (OperatorMustActError, _TOKEN),
        "account_inactive": (OperatorMustActError, _TOKEN),
        "user_removed_from_team": (OperatorMustActError, _TOKEN),
        "not_allowed_token_type": (
            OperatorMustActError,
            "This is not the right kind of Slack token: a bot token (xoxb-…) is needed.",
        ),
        "missing_scope": (
            OperatorMustActError,
            "The Slack app lacks a permission: add the scope and install the app again.",
        ),
        "no_permission": (OperatorMustActError, _POLICY),
        "access_denied": (OperatorMustActError, _POLICY),
        "accesslimited": (OperatorMustActError, _POLICY),
        "ekm_access_denied": (OperatorMustActError, _POLICY),
        "enterprise_is_restricted": (OperatorMustActError, _POLICY),
        "org_login_required": (OperatorMustActError, _POLICY),
        "team_access_not_granted": (OperatorMustActError, _POLICY),
        "two_factor_setup_required": (OperatorMustActError, _POLICY),
        # Slack's two codes for a channel that the bot is not in; a private one gives the second.
        # https://docs.slack.dev/reference/methods/chat.postMessage#errors
        "not_in_channel": (NotAMemberError, _NO_MEMBER),
        "channel_not_found": (NotAMemberError, _NO_CHANNEL),
        "method_not_supported_for_channel_type": (UnreachablePlaceError, _NO_MEMBER),
        "is_archived": (UnreachablePlaceError, _CLOSED),
        "is_inactive": (UnreachablePlaceError, _CLOSED),
        "restricted_action": (UnreachablePlaceError, _NO_POSTING),
        "posting_to_channel_denied": (UnreachablePlaceError, _NO_POSTING),
        "thread_locked": (UnreachablePlaceError, _NO_POSTING),
        "cannot_reply_to_message": (UnreachablePlaceError, _NO_POSTING),
        "thread_not_found": (UnreachablePlaceError, "The thread is gone."),
        "invalid_thread_ts": (UnreachablePlaceError, "The thread is gone."),
        "message_not_found": (UnreachablePlaceError, _NO_MESSAGE),
        "cant_update_message": (UnreachablePlaceError, _NO_MESSAGE),
        "edit_window_closed": (UnreachablePlaceError, _NO_MESSAGE),
        "user_not_in_channel": (UnreachablePlaceError, "This person is not in the channel."),
        "user_not_found": (UnreachablePlaceError, _NO_PERSON),
        "user_disabled": (UnreachablePlaceError, _NO_PERSON),
        "user_not_visible": (UnreachablePlaceError, _NO_PERSON),
        "cannot_dm_bot": (UnreachablePlaceError, _NO_PERSON),
        "messages_tab_disabled": (UnreachablePlaceError, _NO_PERSON),
        "file_upload_size_restricted": (CannotShareFileError, _NO_FILES),
        "file_uploads_disabled": (CannotShareFileError, _NO_FILES),
        "file_uploads_except_images_disabled": (CannotShareFileError, _NO_FILES),
        "file_type_not_allowed": (CannotShareFileError, _NO_FILES),
        "storage_limit_reached": (CannotShareFileError, _NO_FILES),
        "file_share_limit_reached": (CannotShareFileError, _NO_FILES),
        "max_file_sharing_exceeded": (CannotShareFileError, _NO_FILES),
        "slack_connect_file_upload_sharing_blocked": (CannotShareFileError, _NO_FILES),
        "slack_connect_file_link_sharing_blocked": (CannotShareFileError, _NO_FILES),
        "slack_connect_blocked_file_type": (CannotShareFileError, _NO_FILES),
        "file_not_found": (NotFoundError, _FILE_GONE),
        "file_deleted": (NotFoundError, _FILE_GONE),
        "cant_delete_message": (RefusedError, _NO_DELETION),
        "cant_delete_file": (RefusedError, _NO_DELETION),
        "compliance_exports_prevent_deletion": (RefusedError, _NO_DELETION),
        "msg_too_long": (RefusedError, "The message is too long for Slack."),
        "msg_blocks_too_long": (RefusedError, "The message is too long for Slack."),
        "expired_trigger_id": (RefusedError, _FORM_LATE),
        "exchanged_trigger_id": (RefusedError, _FORM_LATE),
        "invalid_trigger_id": (RefusedError, _FORM_LATE),
        "trigger_exchanged": (RefusedError, _FORM_LATE),
        "view_not_found": (NotFoundError, _FORM_GONE),
        "not_found": (NotFoundError, _FORM_GONE),
    },
)


def error_of_code(code: str, *, doubtful: bool, retry_after: float | None = None) -> BotError:
    """Return the exception for Slack's error `code`.

    `doubtful`: the call is not safe to repeat, so an internal error at Slack leaves its outcome
    unknown. A code that is not in the table becomes a `RefusedError` that carries the code.
    """
    kind, sentence = _meaning_of(code)
    return _error(kind, sentence, code=code, doubtful=doubtful, retry_after=retry_after)


def error_of_status(status: int, *, doubtful: bool, retry_after: float | None = None) -> BotError:
    """Return the exception for an HTTP status that came without an error code of Slack's."""
    code = f"http_{status}"
    match status:
        case 429:
            return RetryLaterError(_TOO_MUCH, code=code, retry_after=retry_after)
        case 401 | 403:
            return OperatorMustActError("Slack's server refuses us altogether.", code=code)
        case 404:
            return OperatorMustActError("There is no Slack API at SLACK_API_URL.", code=code)
        case 413 | 414:
            return RefusedError("Slack's server finds this too large.", code=code)
        case _:
            return _error(OutcomeUnknownError, _INTERNAL, code=code, doubtful=doubtful)


def lost_answer(why: str | None = None, *, doubtful: bool) -> BotError:
    """Return the exception for a request that was sent and got no usable answer."""
    sentence = "The connection to Slack broke."
    return _error(OutcomeUnknownError, sentence, code="no_answer", doubtful=doubtful, why=why)


def not_connected(why: str) -> BotError:
    """Return the exception for a connection that failed, so that nothing was sent."""
    return RetryLaterError("Slack cannot be reached.", code="no_connection", why=why)


def _meaning_of(code: str) -> tuple[type[BotError], str]:
    if code.startswith("restricted_action"):
        return UnreachablePlaceError, _NO_POSTING
    return _MEANING.get(code, (RefusedError, f"Slack refused this ({_printable(code)})."))


def _printable(code: str) -> str:
    return "".join(letter for letter in code[:60] if letter.isalnum() or letter in "_-")


def _error(
    kind: type[BotError],
    sentence: str,
    *,
    code: str,
    doubtful: bool,
    retry_after: float | None = None,
    why: str | None = None,
) -> BotError:
    if kind is OutcomeUnknownError and not doubtful:
        kind = RetryLaterError
    return kind(sentence, code=_printable(code), retry_after=retry_after, why=why)
