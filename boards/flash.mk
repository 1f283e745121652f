# Flashing, and the tests that run on boards.
.PHONY: flash test-device virtual-board package

BOARD ?= virtual
ROLE ?= gpf

flash: $(READY) ## Flash a board: make flash BOARD=rpi_pico ROLE=gpf PORT=/dev/ttyACM0
	@test -n "$(PORT)" || { echo 'make flash BOARD=$(BOARD) ROLE=$(ROLE) PORT=/dev/ttyACM0' >&2; exit 2; }
	$(BIN)/smets flash --board $(BOARD) --role $(ROLE) --port $(PORT)

# Virtual boards are two, each with half of the files; a board at a port is one.
test-device: $(READY) ## Test on a board: BOARD and PORT as above, a virtual one if PORT is not given
	$(BIN)/pytest tests_device --ignore=tests_device/emulated --ignore=tests_device/rack --board $(BOARD) $(if $(PORT),--port $(PORT),$(if $(filter virtual,$(BOARD)),-n $(JOBS) --dist loadfile))

package: $(READY) ## Renew firmware/package.json, what mip installs
	$(BIN)/python -m host_tools.mip

virtual-board: $(READY) ## Run a virtual board in build/virtual until Ctrl-C
	$(BIN)/smets virtual-board build/virtual
