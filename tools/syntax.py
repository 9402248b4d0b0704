"""Reads modules as syntax trees."""

from __future__ import annotations

import ast
import gc
from pathlib import Path


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module.

    No garbage is collected meanwhile: Python 3.11 fails if that runs something that makes a tree,
    too, as the traceback of a task does whose error nobody read.
    https://github.com/python/cpython/issues/106905
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        if was_enabled:
            gc.enable()
