"""All texts and Block Kit blocks that users see, a module for each kind of message."""
