"""The files around the code, and the guards around the tests."""
