"""The conformance catalogue: checks as catalogue entries, a runner, reports."""
