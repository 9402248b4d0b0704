"""Figures: what the README promises about speed and memory, measured on the real process."""
