"""The words of a message whose text lacks them, read from its blocks and attachments.

Forwarded messages, workflows and apps write there: https://docs.slack.dev/reference/block-kit
The result has Slack's markup, as a message's text has it: `bot.slack.markup` reads both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.options.schema import as_mapping
from bot.slack.markup import escaped
from storage.job import Json

# Deeper than any real message, and far from Python's limit of recursion.
_DEEPEST = 12
# By type of element: the name of its ID, and how a text's markup begins before it.
_MENTIONS: Mapping[str, tuple[str, str]] = {
    "user": ("user_id", "@"),
    "channel": ("channel_id", "#"),
    "usergroup": ("usergroup_id", "!subteam^"),
    "broadcast": ("range", "!"),
}


def text_of_blocks(blocks: Json) -> str:
    """Return the words of blocks, a paragraph or list item each on a line of its own."""
    lines = (_block(as_mapping(block)) for block in _listed(blocks))
    return "\n".join(line for line in lines if line.strip())


def text_of_attachments(attachments: Json) -> str:
    """Return the words of a message's attachments: forwarded messages, and what apps attach.

    The preview of a link has no words of the person's.
    """
    parts = (_attachment(as_mapping(each)) for each in _listed(attachments))
    return "\n".join(part for part in parts if part.strip())


def forwarded_files(attachments: Json) -> list[Json]:
    """Return the files of forwarded messages, as Slack describes them."""
    return [
        file for each in _listed(attachments) for file in _listed(as_mapping(each).get("files"))
    ]


def _attachment(attachment: Mapping[str, Json]) -> str:
    is_forwarded = attachment.get("is_share") is True or attachment.get("is_msg_unfurl") is True
    if "from_url" in attachment and not is_forwarded:
        return ""
    messages = [as_mapping(one).get("message") for one in _listed(attachment.get("message_blocks"))]
    found = (
        _text(attachment.get("text")),
        *(text_of_blocks(as_mapping(message).get("blocks")) for message in messages),
        text_of_blocks(attachment.get("blocks")),
        "" if is_forwarded else _text(attachment.get("fallback")),
    )
    return next((text for text in found if text.strip()), "")


def _block(block: Mapping[str, Json]) -> str:
    match block.get("type"):
        case "rich_text":
            return "\n".join(_rich(block.get("elements"), _DEEPEST))
        case "section":
            fields = [_object(field) for field in _listed(block.get("fields"))]
            return "\n".join(filter(None, [_object(block.get("text")), *fields]))
        case "header":
            return _object(block.get("text"))
        case "markdown":
            return escaped(_text(block.get("text")))
        case "context":
            return " ".join(filter(None, map(_object, _listed(block.get("elements")))))
        case _:
            return ""


def _object(text: Json) -> str:
    """Return the words of a text object; those of plain text are not escaped by Slack."""
    described = as_mapping(text)
    words = _text(described.get("text"))
    return words if described.get("type") == "mrkdwn" else escaped(words)


def _rich(elements: Json, depth: int) -> Iterator[str]:
    """Yield a line for each section, quote or item of a list."""
    for element in map(as_mapping, _listed(elements)):
        if element.get("type") == "rich_text_list" and depth > 0:
            yield from _rich(element.get("elements"), depth - 1)
        else:
            yield "".join(_inline(as_mapping(part)) for part in _listed(element.get("elements")))


def _inline(part: Mapping[str, Json]) -> str:
    """Return an element of a rich text as markup.

    https://docs.slack.dev/reference/block-kit/blocks/rich-text-block#element-types
    """
    kind = _text(part.get("type"))
    if kind in _MENTIONS:
        name, sign = _MENTIONS[kind]
        return f"<{sign}{_text(part.get(name))}>"
    match kind:
        case "text":
            return escaped(_text(part.get("text")))
        case "link":
            label = escaped(_text(part.get("text")))
            return f"<{_text(part.get('url'))}{label and f'|{label}'}>"
        case "date":
            fallback = escaped(_text(part.get("fallback")))
            return fallback or f"<!date^{part.get('timestamp')}>"
        case "emoji":
            return _emoji(_text(part.get("unicode"))) or f":{_text(part.get('name'))}:"
        case _:
            return ""


def _emoji(points: str) -> str:
    """Return the characters of an emoji: `1f1e9-1f1ea`; empty for one of the workspace's own."""
    try:
        return "".join(chr(int(point, 16)) for point in points.split("-"))
    except (ValueError, OverflowError):
        return ""


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else []
