"""Where jobs live: what a job is, what a store promises, and the stores that keep the promise."""
