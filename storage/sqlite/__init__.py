"""The store in one SQLite file: one owner process, one writer, and reads that never wait for it."""
