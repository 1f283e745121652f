"""Voltage logs on the host: read from what holds one, written as a picture or a table."""
