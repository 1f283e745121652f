# The boot code of the virtual board, as of a chip: mount flash, run boot.py, main.py and REPL.
# Run by the Unix port with -i; arguments: image, control descriptor, id, main or repl, cause of
# the reset, flash operations until the power is cut, descriptor of the UART or -1.
import shim

shim.power_up()
exec(shim.source("boot.py"))
if shim.runs_main():
    try:
        exec(shim.source("main.py"))
    except SystemExit:
        shim.soft_reset()
    except BaseException as error:
        import sys

        sys.print_exception(error)
        del error, sys
del shim
