"""Test vectors of the project's own: a command, a response and an error for each use case.

They are made by the host's own code from the use case tables, with keys of a fixed seed; the
firmware has no part in it. `docs/vectors.md` says what is in the set.
"""

# Where the set is, in a checkout.
OWN = "tests_host/data/vectors"
