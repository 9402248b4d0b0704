"""The real process, killed with SIGKILL at chosen points and at random ones."""
