"""Models of Slack's payloads, one for each kind of request, with the fields that the bot reads.

`interaction` of each returns the user, both workspaces, the channel, the surface, and a dedup key
that is the same for every delivery of one request.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError

from bot.base.ports import Place
from bot.jobs.accept import Interaction
from bot.listeners.slack_object import Identifier, SlackObject, UnreadableRequestError
from bot.listeners.workspaces import SlackPayload
from bot.options.attachments import Attached, attached_files
from bot.options.form_fields import (
    ADD_ITEM,
    MOVE_ITEM,
    NO_ITEMS,
    REMOVE_ITEM,
    WORDS_BLOCK,
)
from bot.options.form_items import ItemChange, ItemEdit
from bot.options.form_state import FormState
from bot.options.schema import PROMPT
from bot.slack.markup import plain, without_mention
from bot.slack.message_text import forwarded_files, text_of_attachments, text_of_blocks
from storage.job import Instant, Job, Json, ReplyTo

FORM_SURFACE = "form"

ITEM_BUTTONS = (ADD_ITEM, MOVE_ITEM, REMOVE_ITEM, NO_ITEMS)
"""How the action IDs of the buttons of items begin."""
_CHANGES: Mapping[str, ItemChange] = {
    MOVE_ITEM: ItemChange.MOVED_UP,
    REMOVE_ITEM: ItemChange.REMOVED,
}

# Slackbot posts reminders and notices about the workspace; its messages have no `bot_id`.
SLACKBOT = "USLACKBOT"

TOMBSTONE = "tombstone"
"""Subtype of the message that replaces a deleted one with replies, by `message_changed`."""


class Named(SlackObject):
    """A user or a channel, by its ID."""

    id: Identifier


class CommandPayload(SlackPayload):
    """A slash command.

    https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling
    """

    channel_id: Identifier
    user_id: Identifier
    trigger_id: Identifier
    text: str = ""
    response_url: Identifier | None = None

    def interaction(self) -> Interaction:
        """Return the interaction; its dedup key is the trigger, the same in a repeated delivery."""
        return Interaction(
            team=self.installed_team,
            channel=self.channel_id,
            user=self.user_id,
            user_team=self.user_team,
            surface="command",
            dedup_key=f"command:{self.installed_team}:{self.trigger_id}",
            reply_to=ReplyTo(response_url=self.response_url),
        )


class Container(SlackObject):
    """The place of a clicked button; `thread_ts` is its message's thread."""

    thread_ts: Identifier | None = None


LONGEST_VALUE = 4000
"""In characters, twice what Slack allows: a number of more digits is none for Python."""


class ChosenOption(SlackObject):
    """What the user chose in a menu."""

    value: Annotated[str, Field(max_length=LONGEST_VALUE)] = ""


class ButtonAction(SlackObject):
    """One element that the user clicked."""

    action_id: Identifier = ""
    action_ts: Identifier = ""
    value: Annotated[str, Field(max_length=LONGEST_VALUE)] = ""
    selected_option: ChosenOption | None = None
    """Of a menu, which has no value."""

    @property
    def chosen(self) -> str:
        """The value of what was chosen in a menu, or of the one button that was pressed."""
        return self.value if self.selected_option is None else self.selected_option.value


class OpenView(SlackObject):
    """The modal in which a button was clicked."""

    id: Identifier
    hash: Identifier
    type: str = "modal"


class ButtonPayload(SlackPayload):
    """A click on a button; one in the Home tab or in a modal has no channel.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """

    user: Named
    trigger_id: Identifier = ""
    channel: Named | None = None
    container: Container = Field(default_factory=Container)
    view: OpenView | None = None
    actions: Annotated[list[ButtonAction], Field(min_length=1)]
    response_url: Identifier | None = None

    @property
    def action(self) -> ButtonAction:
        """The clicked button; Slack sends one payload for each click."""
        return self.actions[0]

    @property
    def place(self) -> Place | None:
        """Where to post an ephemeral message; `None`: only a direct message is possible."""
        if self.channel is None:
            return None
        return Place(channel=self.channel.id, thread_ts=self.container.thread_ts)

    def interaction(self, job: Job | None = None) -> Interaction:
        """Return the interaction; its dedup key holds `action_ts`, which differs for each click.

        So a later click on the same button is another interaction. A job made from `job` is posted
        in the button's channel, in the thread of the earlier request if that was there.
        """
        action, channel, team = self.action, self._channel(job), self.installed_team
        is_same_channel = job is not None and channel == job.channel
        return Interaction(
            team=team,
            channel=channel,
            user=self.user.id,
            user_team=self.user_team,
            surface="button",
            dedup_key=f"button:{team}:{self.user.id}:{action.action_id}:{action.action_ts}",
            reply_to=ReplyTo(
                thread_ts=job.reply_to.thread_ts if job and is_same_channel else None,
                response_url=self.response_url,
            ),
            sent_at=_instant(action.action_ts),
        )

    def opening(self) -> Interaction:
        """Return the interaction of a click that opens a form.

        Its dedup key is the trigger, which can be used once.
        """
        return _opening(self, self.user.id, self.channel, self.trigger_id)

    def _channel(self, job: Job | None) -> str:
        if self.channel is not None:
            return self.channel.id
        return job.channel if job else ""


class ShortcutPayload(SlackPayload):
    """A global shortcut, or the button in Home that does the same.

    https://docs.slack.dev/reference/interaction-payloads/shortcuts-interactions-payload
    """

    user: Named
    trigger_id: Identifier
    channel: Named | None = None
    response_url: Identifier | None = None

    def interaction(self) -> Interaction:
        """Return the interaction; its dedup key is the trigger, so a form is opened once."""
        return _opening(self, self.user.id, self.channel, self.trigger_id)


class MessageContent(SlackObject):
    """What somebody wrote, attached or forwarded.

    https://docs.slack.dev/reference/events/message
    """

    text: str | None = None
    blocks: JsonValue = None
    attachments: JsonValue = None
    files: Sequence[JsonValue] = ()

    def own_texts(self, bot_user: str) -> Iterator[tuple[str, bool]]:
        """Yield the text and the words of the blocks, with Slack's markup.

        Each without mentions of the bot, and with whether it has one.
        """
        for text in (self.text or "", text_of_blocks(self.blocks)):
            rest = without_mention(text, bot_user)
            yield (text, False) if rest is None else (rest, True)

    def words(self, bot_user: str) -> str:
        """Return its words with Slack's markup, without mentions of the bot.

        Those of a forwarded message count only where it has no words of its own.
        """
        texts = [text for text, _ in self.own_texts(bot_user)]
        forwarded = text_of_attachments(self.attachments)
        texts.append(without_mention(forwarded, bot_user) or forwarded)
        return next((text.strip() for text in texts if text.strip()), "")

    @property
    def attached(self) -> tuple[Attached, ...]:
        """Its files, and those of the messages that it forwards."""
        return attached_files([*self.files, *forwarded_files(self.attachments)])


class ShortcutMessage(MessageContent):
    """The message in whose menu a shortcut was chosen."""

    ts: Identifier
    thread_ts: Identifier | None = None


class MessageShortcutPayload(ShortcutPayload):
    """A shortcut in a message's menu."""

    channel: Named
    message: ShortcutMessage


class ViewText(SlackObject):
    """The text of a block."""

    text: str


class ViewBlock(SlackObject):
    """A block of a form as it was drawn."""

    type: str
    block_id: str = ""
    text: ViewText | None = None


class ViewState(SlackObject):
    """The entered values: block ID → action ID → state of the element."""

    values: Mapping[str, JsonValue] = Field(default_factory=dict)


class FormView(SlackObject):
    """The view of a form: its blocks as drawn, and the values entered so far."""

    id: Identifier
    hash: Identifier
    private_metadata: str
    blocks: list[ViewBlock]
    state: ViewState = Field(default_factory=ViewState)

    @property
    def form_state(self) -> FormState:
        """The state that the form carries in `private_metadata`.

        Raises `UnreadableRequestError`.
        """
        try:
            return FormState.of_text(self.private_metadata)
        except ValidationError:
            raise UnreadableRequestError("view.private_metadata") from None

    @property
    def words(self) -> Mapping[str, Json]:
        """The prompt by its property, if the form keeps it as text; else empty."""
        blocks = (block for block in self.blocks if block.block_id == WORDS_BLOCK)
        kept = next(blocks, None)
        return {PROMPT: plain(kept.text.text)} if kept and kept.text else {}

    @property
    def first_field(self) -> str:
        """The ID of the first input block, where errors are shown that concern no single field.

        Empty if there is none, which no form of the bot's is.
        """
        return next((block.block_id for block in self.blocks if block.type == "input"), "")


class FormPayload(SlackPayload):
    """A submitted form, or a form in which a field was changed.

    https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """

    user: Named
    view: FormView
    actions: list[ButtonAction] = Field(default_factory=list)

    @property
    def acted_at(self) -> float:
        """When the field was changed, by Slack's clock in seconds; 0 if the payload does not say.

        Changes of one form are told apart by it, as Slack may deliver them in another order.
        """
        try:
            return float(self.actions[0].action_ts) if self.actions else 0.0
        except ValueError:
            return 0.0

    @property
    def item_counts(self) -> Mapping[str, int]:
        """How many items are to have fields, by option, if a button of theirs was pressed."""
        return {
            option: int(count)
            for action in self.actions
            for prefix in ITEM_BUTTONS
            if (option := action.action_id.removeprefix(prefix)) != action.action_id
            and (count := action.value.partition(":")[0]).isdecimal()
        }

    @property
    def item_edit(self) -> ItemEdit | None:
        """The button of one item that was pressed, if one was."""
        for action in self.actions:
            number = action.value.partition(":")[2]
            for prefix, change in _CHANGES.items():
                option = action.action_id.removeprefix(prefix)
                if option != action.action_id and number.isdecimal():
                    return ItemEdit(option=option, change=change, number=int(number))
        return None

    def interaction(self, channel: str, thread_ts: str | None = None) -> Interaction:
        """Return the interaction; its dedup key is the view, so two submissions are one request."""
        return Interaction(
            team=self.installed_team,
            channel=channel,
            user=self.user.id,
            user_team=self.user_team,
            surface=FORM_SURFACE,
            dedup_key=f"form:{self.installed_team}:{self.view.id}",
            reply_to=ReplyTo(thread_ts=thread_ts),
        )


class FormButtonPayload(FormPayload):
    """A click on a button in a form that opens another modal."""

    trigger_id: Identifier


class SlackMessage(MessageContent):
    """A message.

    https://docs.slack.dev/reference/events/message and …/app_mention
    """

    ts: Identifier
    user: Identifier | None = None
    thread_ts: Identifier | None = None

    # Any value counts, so that a message which is no person's request is never taken for one.
    subtype: object = None
    bot_id: object = None
    edited: object = None

    def addressed(self, bot_user: str, *, is_direct: bool) -> str | None:
        """Return the words to the bot with Slack's markup, without the mention; `None`: none.

        In a direct message all words are to the bot. A mention in a message that this one forwards
        is none.
        """
        has_mention = any(has_it for _, has_it in self.own_texts(bot_user))
        return self.words(bot_user) if is_direct or has_mention else None

    @property
    def is_reply(self) -> bool:
        """Whether it is a reply; the first message of a thread has its own `ts` as `thread_ts`."""
        return self.thread_ts not in {None, self.ts}


class MessageEvent(SlackMessage):
    """A message event; that of an edit has the edited message in `message`.

    https://docs.slack.dev/reference/events/message/message_changed and …/message_deleted
    """

    channel: Identifier
    channel_type: str = ""
    message: SlackMessage | None = None
    previous_message: SlackMessage | None = None
    deleted_ts: Identifier | None = None

    @property
    def is_direct(self) -> bool:
        """Whether it is in a direct message to the bot, where no mention is needed."""
        return self.channel_type == "im"

    def place(self, message: SlackMessage) -> Place:
        """Return where to post an ephemeral message to the author of `message`.

        Slack shows one in a thread only if the thread has replies:
        https://docs.slack.dev/reference/methods/chat.postEphemeral
        """
        thread_ts = message.thread_ts if message.is_reply else None
        return Place(channel=self.channel, thread_ts=thread_ts)


class MessagePayload(SlackPayload):
    """A message event in its envelope.

    https://docs.slack.dev/apis/events-api#event-type-structure
    """

    event: MessageEvent

    def dedup_key(self, ts: str) -> str:
        """Return the dedup key of a message: the same in both kinds of event that deliver it.

        It is the same also in both envelopes in which a shared channel may deliver it.
        """
        return f"message:{self.installed_team}:{self.event.channel}:{ts}"

    def interaction(self, user: str, *, in_thread_of_job: bool) -> Interaction:
        """Return the interaction; its dedup key is the message's team, channel and `ts`."""
        event = self.event
        other = "message" if event.is_direct else "mention"
        return Interaction(
            team=self.installed_team,
            channel=event.channel,
            user=user,
            user_team=self.user_team,
            surface="reply" if in_thread_of_job else other,
            dedup_key=self.dedup_key(event.ts),
            reply_to=ReplyTo(thread_ts=event.thread_ts or event.ts),
            sent_at=_instant(event.ts),
        )


class AppOpenedEvent(SlackObject):
    """A user opened the app at one of its tabs.

    https://docs.slack.dev/reference/events/app_home_opened
    """

    tab: Literal["home", "messages"]
    user: Identifier
    channel: Identifier | None = None
    """The user's direct conversation with the bot."""


class JoinedEvent(SlackObject):
    """A user, or the bot, entered a channel that the bot is in.

    https://docs.slack.dev/reference/events/member_joined_channel
    """

    user: Identifier
    channel: Identifier
    inviter: Identifier | None = None
    """Who added them; `None`: they entered by themselves."""


def _instant(ts: str) -> Instant | None:
    """Return the time in a `ts` of Slack, which is in seconds; `None` for any other text."""
    try:
        seconds = float(ts)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _opening(
    payload: SlackPayload, user: str, channel: Named | None, trigger_id: str
) -> Interaction:
    return Interaction(
        team=payload.installed_team,
        channel=channel.id if channel else "",
        user=user,
        user_team=payload.user_team,
        surface=FORM_SURFACE,
        dedup_key=f"open:{payload.installed_team}:{trigger_id}",
        reply_to=ReplyTo(),
    )
