"""When things run: jobs on a schedule, signals, the service manager."""
