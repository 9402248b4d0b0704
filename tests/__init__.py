"""Tests: one folder for each package of `bot`, `storage` and `sandbox`; helpers in `support`."""
