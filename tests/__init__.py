"""What the bot does, shown."""
