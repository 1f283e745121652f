"""The home area network on the host: frame lines, the fault-injecting hub, captures."""
