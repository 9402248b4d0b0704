"""Whole jobs between the two simulated services, and what can go wrong with them."""
