"""The store of jobs: their types, its contract, and its implementations."""
