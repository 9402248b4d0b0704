"""The subcommands of `/video`, and the commands in a job's thread."""
