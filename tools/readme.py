"""Write the parts of the README that follow from the code: `python -m tools.readme`.

A part stands between `<!-- NAME -->` and `<!-- /NAME -->`; a test holds README and code together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from bot.base.settings import Settings
from bot.listeners.subcommands import router, thread
from bot.messages import buttons
from bot.messages.help import options_table
from bot.options.catalog import Catalog
from storage.job import TERMINAL, TRANSITIONS, Stage

README = Path(__file__).parent.parent / "README.md"

STEPS: Mapping[tuple[Stage, Stage], str] = MappingProxyType(
    {
        (Stage.ACCEPTED, Stage.ANNOUNCED): "announce",
        (Stage.ANNOUNCED, Stage.RENDERING): "submit",
        (Stage.RENDERING, Stage.RENDERING): "poll",
        (Stage.RENDERING, Stage.FINISHED): "poll",
        (Stage.FINISHED, Stage.DELIVERED): "deliver",
    },
)


def state_diagram() -> str:
    """Return the stages and their moves as a Mermaid diagram, from `TRANSITIONS`."""
    lines = ["stateDiagram-v2", f"    [*] --> {Stage.ACCEPTED}"]
    for before in Stage:
        for after in (stage for stage in Stage if stage in TRANSITIONS[before]):
            label = "resume" if before is Stage.PARKED else STEPS.get((before, after), "")
            lines.append(f"    {before} --> {after}" + (f": {label}" if label else ""))
    lines += [f"    {stage} --> [*]" for stage in Stage if stage in TERMINAL]
    return "\n".join(["```mermaid", *lines, "```"])


def commands() -> str:
    """Return the subcommands as a Markdown table, as `/video help` tells them."""
    return _typed({f"/video {usage}": about for usage, about in router.usages().items()})


def thread_replies() -> str:
    """Return what can be written in a job's thread, as `/video help` tells it."""
    return _typed({f"@video {usage}": about for usage, about in thread.usages().items()})


def job_buttons() -> str:
    """Return the buttons under a job as a Markdown table, as `/video help` tells them."""
    rows = ["| button | what it does |", "| --- | --- |"]
    meanings = buttons.usages(Catalog.load().models)
    return "\n".join([*rows, *(f"| *{label}* | {about} |" for label, about in meanings.items())])


def _typed(meanings: Mapping[str, str]) -> str:
    rows = ["| typed | what it does |", "| --- | --- |"]
    for typed, about in meanings.items():
        # A bar would end the cell, even in code.
        escaped = typed.replace("|", r"\|")
        rows.append(f"| `{escaped}` | {about} |")
    return "\n".join(rows)


def variables() -> str:
    """Return the configuration as a Markdown table, from `Settings`."""
    rows = ["| variable | meaning | default |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = f"`{default}`" if isinstance(default, str | int | float) else ""
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{name.upper()}` | {meaning} | {shown} |")
    return "\n".join(rows)


PARTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "options of kling-v3": lambda: options_table(Catalog.load().get("kling-v3")),
        "commands": commands,
        "replies": thread_replies,
        "buttons": job_buttons,
        "states": state_diagram,
        "variables": variables,
    },
)


def filled(text: str) -> str:
    """Return the README's text with every part as the code has it now.

    Raises `ValueError` when a part has no place.
    """
    for name, make in PARTS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if begin not in text or end not in text:
            raise ValueError(f"the README has no place for {name!r}")
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}{make().rstrip()}\n{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
