"""Programs for those who develop the bot; none of them runs in it."""
