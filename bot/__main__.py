"""`python -m bot` is the command line."""

# ruff: noqa: E402 - signals and output must be in order before the other imports take a second

import gc
import os

# Until the modules of the command are imported: collections find nothing to free in them, and
# take a tenth of a start.
gc.disable()

# Nor does pydantic look for plugins in the metadata of every installed package.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from bot.base.stop_signals import StopSignals

SIGNALS = StopSignals()
SIGNALS.watch()

from bot.base.log_stream import protect_standard_streams

protect_standard_streams()

from bot.cli.main import main


def start() -> None:
    """Run the command that the arguments name."""
    main(prog_name="python -m bot", obj=SIGNALS)


if __name__ == "__main__":
    start()
