"""`python -m host_tools` is `smets`."""

from host_tools.cli import main

main()
