"""What may stand first in a command or a message and is no prompt."""
