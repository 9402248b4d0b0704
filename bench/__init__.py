"""Measures what the README promises about speed and memory, on the real process."""
