"""What may be done with a job, whichever surface asks for it."""
