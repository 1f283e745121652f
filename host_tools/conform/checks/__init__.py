"""The catalogue: each module here enters its checks when it is imported."""
