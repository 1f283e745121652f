.PHONY: powercuts

# On MicroPython's Unix port, which has littlefs; the firmware is compiled as for a board.
powercuts: $(READY) ## Cut the power at every write and erase of all that a device keeps
	MICROPYPATH=tests_host:tests_host/firmware:$$($(BIN)/python -c 'from host_tools.compiled import compiled_firmware as made; print(made())'):.frozen \
		$(BIN)/micropython -X heapsize=4M tests_host/power_cuts.py
