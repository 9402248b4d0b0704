"""Code that every floor may import: errors, ports, settings, logs, metrics, JSON, the clock."""

import sys

# structlog imports rich where that is installed, as it is with the tools of development, to draw
# tracebacks: 0.03 s of the start for what no log here uses. `None` stands for "not installed".
_RICH = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment] # as the import system does
import structlog  # noqa: E402, F401 - the others import it from here on

if _RICH is None:
    del sys.modules["rich"]
else:
    sys.modules["rich"] = _RICH
