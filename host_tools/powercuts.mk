.PHONY: powercuts

# On MicroPython's Unix port, which has littlefs; the firmware is compiled as for a board.
powercuts: $(READY) ## Cut the power at every write and erase of all that a device keeps
	MICROPYPATH=tests_host:tests_host/firmware:$$($(BIN)/python -c 'from host_tools.compiled import compiled_firmware as made; print(made())'):.frozen \
		sh -c 'for script in power_cuts command_cuts; do \
			$(BIN)/micropython -X heapsize=4M tests_host/$$script.py || exit 1; done'

.PHONY: damage

# Two roles at a time; what they store lies in memory, where the machine has such a folder.
damage: $(READY) ## Flip each octet that a device of each role has stored: it starts, and tells
	@shm=$$(test -w /dev/shm && echo /dev/shm || echo /tmp); made=$$(mktemp -d -p $$shm); \
	path=tests_host:$$($(BIN)/python -c 'from host_tools.compiled import compiled_firmware as made; print(made())'):.frozen; \
	printf '%s\n' esme ihd ppmid gsme gpf chf | MICROPYPATH=$$path xargs -P 2 -I ROLE \
		$(BIN)/micropython -X heapsize=4M tests_host/damage.py ROLE $$made/ROLE 1; \
	status=$$?; rm -rf $$made; exit $$status
