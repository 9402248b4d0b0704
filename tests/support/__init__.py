"""Helpers of the tests: harnesses, fakes, samples."""
