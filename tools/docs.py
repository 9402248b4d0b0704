"""Write the parts of the documentation that follow from the code: `python -m tools.docs`.

A part is between `<!-- NAME -->` and `<!-- /NAME -->` in the README or in docs/reference.md; a test
holds pages and code together.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from pathlib import Path
from types import MappingProxyType

from tabulate import tabulate

from bot.base.settings import Settings
from bot.listeners.subcommands import router, thread
from bot.messages import buttons
from bot.messages.help import option_rows
from bot.options.catalog import Catalog
from bot.slack.manifest import BOT_NAME
from storage.job import TERMINAL, TRANSITIONS, Stage
from tools.syntax import tree_of

ROOT = Path(__file__).parent.parent

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
    return _mermaid(lines)


def floors_diagram() -> str:
    """Return the floors as a Mermaid diagram, from the layers that import-linter checks."""
    floors = list(_floors())
    width = lcm(*(len(limits) for limits in floors))
    lines = ["block-beta", f"    columns {width}"]
    for limits in floors:
        span = width // len(limits)
        lines += [f'    {name}["<b>{name}</b> {about}"]:{span}' for name, about in limits]
    return _mermaid(lines)


def _floors() -> Iterator[list[tuple[str, str]]]:
    """Yield the limits of each floor, from the top down: name and first sentence."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    [layers] = [one["layers"] for one in contracts if one.get("containers") == ["bot"]]
    for line in layers:
        if line != "__main__":
            yield [(name, _about(ROOT / "bot" / name)) for name in line.split(" | ")]
    yield [("storage", _about(ROOT / "storage"))]


def _about(path: Path) -> str:
    """Return the beginning of a room's docstring, up to its first punctuation mark."""
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    first = (ast.get_docstring(tree_of(source)) or "").split("\n")[0]
    return re.split(r"[:;,.] ?", first.replace("`", ""), maxsplit=1)[0]


def options() -> str:
    """Return the options of Kling V3, as `/video help kling-v3` shows them."""
    headers = ["option", "short", "allowed", "default", "what it does"]
    return _table(headers, option_rows(Catalog.load().get("kling-v3")))


def commands() -> str:
    """Return the subcommands, as `/video help` shows them."""
    typed = ((f"`/video {usage}`", about) for usage, about in router.usages().items())
    return _table(["typed", "what it does"], typed)


def thread_replies() -> str:
    """Return what can be written in a job's thread, as `/video help` shows it."""
    typed = ((f"`@{BOT_NAME} {usage}`", about) for usage, about in thread.usages().items())
    return _table(["typed", "what it does"], typed)


def job_buttons() -> str:
    """Return the buttons under a job, as `/video help` shows them."""
    meanings = buttons.usages(Catalog.load().models)
    return _table(
        ["button", "what it does"], ((f"*{label}*", about) for label, about in meanings.items())
    )


def variables() -> str:
    """Return the configuration, from `Settings`."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = f"`{default}`" if isinstance(default, str | int | float) else ""
        rows.append((f"`{name.upper()}`", field.description or "", shown))
    return _table(["variable", "meaning", "default"], rows)


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    # A bar or a line break would end the cell, even in code.
    cells = [[" ".join(cell.replace("|", r"\|").split()) for cell in row] for row in rows]
    return tabulate(cells, headers, tablefmt="github", disable_numparse=True)


def _mermaid(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", *lines, "```"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, and the parts of it that are generated, by name."""

    path: Path
    parts: Mapping[str, Callable[[], str]]

    def filled(self, text: str) -> str:
        """Return the page's text with every part as the code has it now.

        Raises `ValueError` when a part has no place.
        """
        for name, make in self.parts.items():
            begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
            if begin not in text or end not in text:
                raise ValueError(f"{self.path.name} has no place for {name!r}")
            before, _, rest = text.partition(begin)
            _, _, after = rest.partition(end)
            text = f"{before}{begin}{make().rstrip()}\n{end}{after}"
        return text


README = Page(
    path=ROOT / "README.md",
    parts=MappingProxyType({"floors": floors_diagram, "states": state_diagram}),
)
REFERENCE = Page(
    path=ROOT / "docs" / "reference.md",
    parts=MappingProxyType(
        {
            "options of kling-v3": options,
            "commands": commands,
            "replies": thread_replies,
            "buttons": job_buttons,
            "variables": variables,
        }
    ),
)
PAGES = (README, REFERENCE)


if __name__ == "__main__":
    for page in PAGES:
        page.path.write_text(page.filled(page.path.read_text(encoding="utf-8")), encoding="utf-8")
