# Boards without hardware: real MicroPython for Arm, under QEMU and under an emulator of the Pico.
.PHONY: qemu-firmware test-qemu bench-qemu device-qemu pico-firmware test-pico first-board conform-pico device-pico

QEMU_ELF := build/qemu_mps2_an385/firmware.elf
PICO := build/rpi_pico/firmware.uf2
PICO_PLAIN := build/rpi_pico/plain.uf2
PICO_EMULATOR := build/pico_emulator/ready
BUILDERS := $(wildcard boards/recipes/*.py)
EMULATED := SMETS_EMULATED=1 $(BIN)/pytest -rs tests_device/emulated

qemu-firmware: $(QEMU_ELF) ## Build MicroPython with the firmware frozen in, for QEMU's Cortex-M3

$(QEMU_ELF): $(FIRMWARE) $(NATIVE) $(BUILDERS) $(shell find boards/qemu_mps2_an385 -type f -not -name '*.md')
	$(PYTHON) boards/recipes/firmware.py

test-qemu: $(READY) $(QEMU_ELF) ## Test the firmware on QEMU's Cortex-M3
	$(EMULATED)/test_emulated_qemu.py

bench-qemu: $(READY) $(QEMU_ELF) ## Count the instructions of the costliest operations
	$(BIN)/python -m host_tools.emulators.count

pico-firmware: $(PICO) $(PICO_PLAIN) $(PICO_EMULATOR) ## Build MicroPython for the Pico: frozen, plain

$(PICO_EMULATOR): boards/pico_emulator/package.json boards/pico_emulator/package-lock.json
	$(PYTHON) boards/recipes/emulator.py
	@touch $@

test-pico: $(READY) $(PICO) $(PICO_PLAIN) $(PICO_EMULATOR) ## Test the Pico's real firmware under emulation
	$(EMULATED)/test_emulated_pico.py $(addprefix tests_device/emulated/test_emulated_,links.py panel.py first.py)

first-board: $(READY) $(PICO) $(PICO_EMULATOR) ## Do the steps of docs/first-board.md, write what they print
	PYTHONPATH=. $(BIN)/python tests_device/first_board.py

conform-pico: $(READY) $(PICO) $(PICO_EMULATOR) ## Judge the five devices on the emulated Pico
	$(EMULATED)/test_emulated_catalogue.py

# The suite of any board.
SUITE := $(BIN)/pytest -rs tests_device --ignore=tests_device/emulated --ignore=tests_device/rack --durations=10

device-qemu: $(READY) $(QEMU_ELF) ## Run the tests of a board on QEMU, those of modules apart
	$(SUITE) --board qemu_mps2_an385 --exchanges 100 --unplugs 20 --deselect tests_device/test_device_modules.py

device-pico: $(READY) $(PICO) $(PICO_PLAIN) $(PICO_EMULATOR) ## Run the tests of a board on the emulated Pico
	$(SUITE) --board rpi_pico --exchanges 300 --unplugs 40
