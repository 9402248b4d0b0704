"""What is accepted, what may be done with a job, and when it is polled."""
