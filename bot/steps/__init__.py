"""The steps of a job, one module a step; each is safe to repeat and says why."""
