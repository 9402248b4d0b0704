"""Builds Block Kit blocks (https://docs.slack.dev/reference/block-kit) by Slack's own models.

The models check Slack's limits and raise `SlackObjectFormationError` for a block that Slack would
refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import quote as quote_url

from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    ContextActionsBlock,
    ContextBlock,
    DividerBlock,
    FeedbackButtonObject,
    FeedbackButtonsElement,
    HeaderBlock,
    ImageBlock,
    ImageElement,
    MarkdownTextObject,
    OverflowMenuElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextQuoteElement,
    RichTextSectionElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.basic_components import SlackFile

from bot.base.patterns import lazy_compile
from bot.messages.block_json import as_json
from storage.job import Instant, Json, is_direct

Block: TypeAlias = Mapping[str, Json]

# https://docs.slack.dev/reference/block-kit/blocks/section-block
SECTION_LIMIT = 3000
# Screen readers read all of it; Slack allows 2,000 characters.
ALT_TEXT_LIMIT = 300
# https://docs.slack.dev/reference/block-kit/block-elements/button-element
LABEL_LIMIT = 75
ELLIPSIS = "…"
# The characters that RFC 3986 allows in a URL, beside letters and digits. The delimiters of Slack's
# `<url|title>` are not among them.
_URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%-._~"


# Inside of words `_` and `~` have no effect, and links keep them.
_MARKUP = lazy_compile(r"[*`]|(?<!\w)[_~]|[_~](?!\w)")
_LOOKALIKES: Mapping[str, str] = MappingProxyType(
    {"*": "\u2217", "`": "\u02cb", "_": "\u02cd", "~": "\u223c"}
)


def escape(text: str) -> str:
    """Return text escaped for mrkdwn, so that no mention or link in it takes effect.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def literal(text: str, *, keeps_code: bool = False) -> str:
    """Return what a person or a service wrote, for mrkdwn: escaped, and nothing in it is markup.

    mrkdwn knows no way to escape `*`, so the characters that make text bold, italic, struck out or
    code are replaced by others that look alike. Rich text needs none of this; prefer it for text
    that is read at length or copied. With `keeps_code` code spans stay: a sentence of this bot may
    have one.
    """
    return escape(_MARKUP.sub(lambda mark: _lookalike(mark[0], keeps_code=keeps_code), text))


def _lookalike(mark: str, *, keeps_code: bool) -> str:
    return mark if keeps_code and mark == "`" else _LOOKALIKES[mark]


def place(channel: str, *, whose: str = "") -> str:
    """Return the name of a place for people, in mrkdwn: a link to a channel, or words.

    `whose` tells a direct conversation of the reader (`your `) from one of somebody else.
    """
    return f"{whose}direct messages with me" if is_direct(channel) else f"<#{channel}>"


def moment(at: Instant, form: str = "{date_short_pretty} {time}") -> str:
    """Return a time as mrkdwn that Slack shows in each reader's own time zone.

    `form` consists of Slack's date tokens, such as `{time}` and `{time_secs}`.

    https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    fallback = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at)}^{form}|{fallback}>"


def shorten(text: str, limit: int) -> str:
    """Return `text`, cut with an ellipsis if it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS


def mark(message_id: str) -> str:
    """Return the `block_id` by which the bot finds its message again.

    It replaces message metadata, which a message that shares a file cannot have:
    https://docs.slack.dev/messaging/message-metadata
    """
    return f"video_job:{message_id}"


def marked(message: Sequence[Block], message_id: str) -> list[Block]:
    """Return the blocks of a message, the first of them with the mark as its `block_id`."""
    return [{**block, "block_id": mark(message_id)} for block in message[:1]] + list(message[1:])


def section(mrkdwn: str) -> Block:
    """Return a paragraph of mrkdwn, cut to Slack's limit of 3,000 characters."""
    return as_json(SectionBlock(text=MarkdownTextObject(text=shorten(mrkdwn, SECTION_LIMIT))))


def header(text: str) -> Block:
    """Return a heading."""
    return as_json(HeaderBlock(text=PlainTextObject(text=text)))


def picture(file_id: str, alt_text: str) -> Block:
    """Return a picture that is a file of the bot's at Slack."""
    return as_json(ImageBlock(slack_file=SlackFile(id=file_id), alt_text=_alt(alt_text)))


def section_with_picture(mrkdwn: str, file_id: str | None, alt_text: str) -> Block:
    """Return a paragraph of mrkdwn with a small picture beside it, if there is one."""
    if file_id is None:
        return section(mrkdwn)
    text = MarkdownTextObject(text=shorten(mrkdwn, SECTION_LIMIT))
    return as_json(SectionBlock(text=text, accessory=small_picture(file_id, alt_text)))


def small_picture(file_id: str, alt_text: str) -> ImageElement:
    """Return a picture to stand beside words, a file of the bot's at Slack."""
    return ImageElement(slack_file=SlackFile(id=file_id), alt_text=_alt(alt_text))


def shows_picture(blocks: Sequence[Block]) -> bool:
    """Return whether a block shows a file of the bot's, which may be gone from Slack."""
    return without_pictures(blocks) != list(blocks)


def without_pictures(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks without pictures that are files at Slack, alone or beside words."""
    return [plain for block in blocks if (plain := _without_picture(block)) is not None]


def _without_picture(block: Block) -> Block | None:
    match block:
        case {"slack_file": _}:
            return None
        case {"accessory": {"slack_file": _}}:
            return {name: value for name, value in block.items() if name != "accessory"}
        case {"type": "context", "elements": [*elements]}:
            words = [one for one in elements if not _is_picture(one)]
            return {**block, "elements": words} if words else None
        case _:
            return block


def _is_picture(element: Json) -> bool:
    return isinstance(element, Mapping) and "slack_file" in element


def _alt(text: str) -> str:
    return shorten(" ".join(text.split()), ALT_TEXT_LIMIT) or "Picture"


def context(mrkdwn: str) -> Block:
    """Return a line of small print."""
    return as_json(ContextBlock(elements=[MarkdownTextObject(text=mrkdwn)]))


def sections(mrkdwn: str) -> list[Block]:
    """Return a section for each paragraph, because Slack limits the length of a section."""
    return [section(paragraph) for paragraph in mrkdwn.split("\n\n") if paragraph]


def quote(text: str) -> Block:
    """Return literal text as a quotation: nothing in it is mrkdwn, so no user is notified."""
    quoted = RichTextQuoteElement(elements=[RichTextElementParts.Text(text=text)])
    return as_json(RichTextBlock(elements=[quoted]))


def text_part(text: str, *, bold: bool = False) -> RichTextElement:
    """Return literal text as a part of a rich line."""
    return RichTextElementParts.Text(text=text, style={"bold": True} if bold else None)


def link_part(url: str | None, text: str, *, bold: bool = False) -> RichTextElement:
    """Return literal text that is a link if there is a URL, as a part of a rich line."""
    if url is None:
        return text_part(text, bold=bold)
    style = {"bold": True} if bold else None
    return RichTextElementParts.Link(url=url, text=text, style=style)


def code_part(text: str) -> RichTextElement:
    """Return text that users copy or type, as a part of a rich line."""
    return RichTextElementParts.Text(text=text, style={"code": True})


def emoji_part(name: str) -> RichTextElement:
    """Return an emoji as a part of a rich line."""
    return RichTextElementParts.Emoji(name=name)


def date_part(at: Instant) -> RichTextElement:
    """Return a time as a part of a rich line, shown in each reader's own time zone."""
    fallback = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    form = "{date_short_pretty} {time}"
    return RichTextElementParts.Date(timestamp=int(at), format=form, fallback=fallback)


def rich_lines(lines: Sequence[Sequence[RichTextElement]]) -> Block:
    """Return lines of rich text: nothing in their literal text is markup."""
    sections = [RichTextSectionElement(elements=list(parts)) for parts in lines]
    return as_json(RichTextBlock(elements=sections))


def quotes(text: str) -> list[Block]:
    """Return a long literal text as quotations, each as long as a section may be."""
    starts = range(0, len(text), SECTION_LIMIT)
    return [quote(text[start : start + SECTION_LIMIT]) for start in starts]


def code(text: str) -> list[Block]:
    """Return a long literal text as code that can be copied, in blocks of a section's length."""
    starts = range(0, len(text), SECTION_LIMIT)
    pieces = [text[start : start + SECTION_LIMIT] for start in starts]
    return [
        as_json(
            RichTextBlock(
                elements=[
                    RichTextPreformattedElement(elements=[RichTextElementParts.Text(text=piece)])
                ]
            )
        )
        for piece in pieces
    ]


def links(targets: Sequence[tuple[str, str]]) -> Block:
    """Return links, one a line, given as URL and title.

    They are rich text, because a URL may be longer than a section allows, and must not be cut.
    """
    return rich_lines([[link_part(url, title)] for url, title in targets])


def link(url: str, title: str) -> str:
    """Return a link in mrkdwn, with characters percent-encoded that a URL must not hold."""
    return _link(url, escape(title))


def _link(url: str, label: str) -> str:
    return f"<{quote_url(url, safe=_URL_CHARACTERS)}|{label}>"


def titled_link(url: str | None, title: str) -> str:
    """Return literal text in mrkdwn that is a link if there is a URL."""
    return literal(title) if url is None else _link(url, link_label(title, len(title)))


def link_label(text: str, limit: int) -> str:
    """Return text for the label of a link in mrkdwn, cut to `limit` characters."""
    # A label ends at `|` and `>`; the latter is escaped with the rest.
    return literal(shorten(text, limit)).replace("|", "¦")


def divider() -> Block:
    """Return a horizontal line."""
    return as_json(DividerBlock())


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    style: str | None = None,
    spoken: str | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """Return a button; `value` comes back with the click, which Slack asks to `confirm` first.

    `spoken` is the label for screen readers, cut to 75 characters: it tells apart the many buttons
    of one label in a channel.
    """
    return ButtonElement(
        text=PlainTextObject(text=label, emoji=True),
        action_id=action_id,
        value=value,
        style=style,
        confirm=confirm,
        accessibility_label=None if spoken is None else shorten(spoken, LABEL_LIMIT),
    )


def actions(
    buttons: Sequence[ButtonElement | OverflowMenuElement | StaticSelectElement],
) -> Block:
    """Return a row of buttons and menus."""
    return as_json(ActionsBlock(elements=list(buttons)))


def feedback(action_id: str, *, good: FeedbackButtonObject, bad: FeedbackButtonObject) -> Block:
    """Return Slack's pair of buttons for feedback, which only a message can have.

    https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element
    """
    pair = FeedbackButtonsElement(action_id=action_id, positive_button=good, negative_button=bad)
    return as_json(ContextActionsBlock(elements=[pair]))
