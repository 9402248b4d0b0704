"""MindVideo's API: the protocol without I/O, and the thin client around it."""

import sys

# httpx imports its command line where it can, and with it rich and pygments, if they are installed:
# 0.04 s of the start. `None` stands for "not installed".
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # as the import system does
import httpx  # noqa: E402, F401 - the others import it from here on
