"""The queue: claims due rows, runs their steps and commits the results."""
