"""The queue: claims due rows, runs their steps, commits what the steps answer."""
