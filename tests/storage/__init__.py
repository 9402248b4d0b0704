"""The store: its contract, and SQLite."""
