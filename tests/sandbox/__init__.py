"""The simulated services and the demo page."""
