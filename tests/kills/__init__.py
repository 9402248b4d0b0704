"""The real process, over real HTTP, ended by SIGKILL and started again on one file."""
