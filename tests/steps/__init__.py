"""The tables of steps, and what several steps share."""
