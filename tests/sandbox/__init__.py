"""Tests of `sandbox`: the simulated services and the demo page."""
