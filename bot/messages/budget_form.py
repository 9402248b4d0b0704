"""The form in which those in charge change budgets: what `/video budget …` does, in fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from slack_sdk.models.blocks import (
    ConversationFilter,
    ConversationSelectElement,
    DatePickerElement,
    InputBlock,
    InputInteractiveElement,
    PlainTextInputElement,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.messages.fields import choice_of, plain_text
from bot.options.projects import LONGEST_NAME
from storage.budget import ScopeKind, Window
from storage.job import Json

CALLBACK = "budget_form"
CHANGE_BUDGETS = "budget_open"
"""Action ID of the button in the Home tab that opens the form."""

LONGEST_AMOUNT = 40
LONGEST_REASON = 200


class Field(StrEnum):
    """The block ID of a field, which is its action ID, too."""

    ACTION = "budget_action"
    WHOSE = "budget_whose"
    PERSON = "budget_person"
    CHANNEL = "budget_channel"
    MODEL = "budget_model"
    PROJECT = "budget_project"
    AMOUNT = "budget_amount"
    WINDOW = "budget_window"
    KIND = "budget_kind"
    UNTIL = "budget_until"
    DAY = "budget_day"
    BECAUSE = "budget_because"


class FormAction(StrEnum):
    """What the form can do."""

    SET = "set"
    REMOVE = "unset"
    RAISE = "raise"
    END_RAISE = "end"
    STOP = "stop"
    GO_ON = "go on"


HARD = "hard"
SOFT = "soft"

_ACTIONS = MappingProxyType(
    {
        FormAction.SET: "Set a budget",
        FormAction.REMOVE: "Remove a budget",
        FormAction.RAISE: "Raise a budget for a while",
        FormAction.END_RAISE: "End a raise now",
        FormAction.STOP: "Stop new videos",
        FormAction.GO_ON: "Let new videos be made again",
    }
)
_WHOSE = MappingProxyType(
    {
        ScopeKind.EVERYONE: "Everyone, each for themselves",
        ScopeKind.PERSON: "One person",
        ScopeKind.CHANNEL: "A channel",
        ScopeKind.WORKSPACE: "The whole workspace",
        ScopeKind.MODEL: "A model",
        ScopeKind.PROJECT: "A project",
    }
)
_WINDOWS = MappingProxyType(
    {
        Window.DAY: "Per day",
        Window.WEEK: "Per week",
        Window.MONTH: "Per month",
        Window.ONCE: "Once, in all",
    }
)
_KINDS = MappingProxyType({HARD: "Hard: more is refused", SOFT: "Soft: more is asked about first"})
_UNTIL = MappingProxyType(
    {
        Window.DAY: "The end of today",
        Window.WEEK: "The end of this week",
        Window.MONTH: "The end of this month",
    }
)


def budget_form(models: Sequence[tuple[str, str]], unit: str | None) -> Mapping[str, Json]:
    """Return the form; `models` are slugs and titles of the models on offer."""
    amount = f"Amount in {unit}" if unit else "Amount"
    fields = [
        _field(Field.ACTION, "What to do", _menu(Field.ACTION, _ACTIONS.items(), FormAction.SET)),
        _field(Field.WHOSE, "Whose budget", _menu(Field.WHOSE, _WHOSE.items(), ScopeKind.EVERYONE)),
        _field(Field.AMOUNT, amount, _text(Field.AMOUNT, LONGEST_AMOUNT), "To set or to raise."),
        _field(Field.WINDOW, "How often it begins anew", _window_menu()),
        _field(Field.KIND, "What is beyond it", _menu(Field.KIND, _KINDS.items(), HARD)),
        _field(
            Field.PERSON,
            "Person",
            UserSelectElement(action_id=Field.PERSON),
            "For the budget of one person.",
        ),
        _field(
            Field.CHANNEL,
            "Channel",
            ConversationSelectElement(
                action_id=Field.CHANNEL,
                filter=ConversationFilter(include=["public", "private"]),
            ),
            "For the budget of a channel, or to stop one.",
        ),
        _field(
            Field.MODEL,
            "Model",
            _menu(Field.MODEL, models, models[0][0]),
            "For the budget of a model.",
        ),
        _field(
            Field.PROJECT,
            "Project",
            _text(Field.PROJECT, LONGEST_NAME),
            "For the budget of a project.",
        ),
        _field(
            Field.UNTIL,
            "A raise ends with",
            _menu(Field.UNTIL, _UNTIL.items(), Window.DAY),
        ),
        _field(
            Field.DAY,
            "Or a raise ends with this day",
            DatePickerElement(action_id=Field.DAY),
        ),
        _field(
            Field.BECAUSE,
            "Why",
            _text(Field.BECAUSE, LONGEST_REASON),
            "Those whose budget it is are told.",
        ),
    ]
    view = View(
        type="modal",
        callback_id=CALLBACK,
        private_metadata=CALLBACK,
        title=plain_text("Budgets"),
        submit=plain_text("Change"),
        close=plain_text("Close"),
        blocks=fields,
    )
    shown: Mapping[str, Json] = view.to_dict()
    return shown


def _window_menu() -> StaticSelectElement:
    return _menu(Field.WINDOW, _WINDOWS.items(), Window.DAY)


_NEEDED = frozenset({Field.ACTION, Field.WHOSE, Field.WINDOW, Field.KIND, Field.UNTIL})


def _field(
    field: Field, label: str, element: InputInteractiveElement, hint: str | None = None
) -> InputBlock:
    return InputBlock(
        block_id=field,
        label=plain_text(label),
        element=element,
        hint=None if hint is None else plain_text(hint),
        optional=field not in _NEEDED,
    )


def _menu(field: Field, texts: Iterable[tuple[str, str]], initial: str) -> StaticSelectElement:
    options = {value: choice_of(text, value) for value, text in texts}
    return StaticSelectElement(
        action_id=field, options=list(options.values()), initial_option=options[initial]
    )


def _text(field: Field, longest: int) -> PlainTextInputElement:
    return PlainTextInputElement(action_id=field, max_length=longest)
