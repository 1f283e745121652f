"""Host side of the smets firmware: the command line `smets` and what its commands are made of."""

__version__ = "0.1.0"
