"""What renders cost, by person, day and month."""
