"""The bot on bad networks, on full machines and under attack: bounds, and faults planted."""
