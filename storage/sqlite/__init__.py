"""The store in one SQLite file: one owner, one writer, reads that never wait for a commit."""
