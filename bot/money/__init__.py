"""What renders cost: sums and reports of amounts that MindVideo named."""
