"""The conformance bench: checks as catalogue entries, a runner, reports."""
