# Boards without hardware: real MicroPython for Arm, under QEMU and under an emulator of the Pico.
.PHONY: qemu-firmware test-qemu bench-qemu device-qemu pico-firmware test-pico conform-pico device-pico

QEMU_ELF := build/qemu_mps2_an385/firmware.elf
PICO_ELF := build/rpi_pico/firmware.elf
PICO_PLAIN := build/rpi_pico/plain.elf
PICO_EMULATOR := build/pico_emulator/ready
BUILDERS := $(wildcard boards/recipes/*.py)
EMULATED := SMETS_EMULATED=1 $(BIN)/pytest -rs tests_device/emulated

qemu-firmware: $(QEMU_ELF) ## Build MicroPython with the firmware frozen in, for QEMU's Cortex-M3

$(QEMU_ELF): $(FIRMWARE) $(BUILDERS) $(shell find boards/qemu_mps2_an385 -type f -not -name '*.md')
	$(PYTHON) boards/recipes/firmware.py qemu_mps2_an385

test-qemu: $(READY) $(QEMU_ELF) ## Test the firmware on QEMU's Cortex-M3
	$(EMULATED)/test_emulated_qemu.py

bench-qemu: $(READY) $(QEMU_ELF) ## Count the instructions of the costliest operations
	$(BIN)/python -m host_tools.emulators.count

pico-firmware: $(PICO_ELF) $(PICO_PLAIN) $(PICO_EMULATOR) ## Build MicroPython for the Pico: frozen, plain

$(PICO_ELF): $(FIRMWARE) $(BUILDERS) $(wildcard boards/rpi_pico/manifest*.py)
	$(PYTHON) boards/recipes/firmware.py rpi_pico frozen

$(PICO_PLAIN): $(BUILDERS) boards/rpi_pico/manifest_plain.py
	$(PYTHON) boards/recipes/firmware.py rpi_pico plain

$(PICO_EMULATOR): boards/pico_emulator/package.json boards/pico_emulator/package-lock.json
	$(PYTHON) boards/recipes/emulator.py
	@touch $@

test-pico: $(READY) $(PICO_ELF) $(PICO_PLAIN) $(PICO_EMULATOR) ## Test the Pico's real firmware under emulation
	$(EMULATED)/test_emulated_pico.py

conform-pico: $(READY) $(PICO_ELF) $(PICO_EMULATOR) ## Judge the five devices on the emulated Pico
	$(EMULATED)/test_emulated_catalogue.py

# The suite of any board.
SUITE := $(BIN)/pytest -rs tests_device --ignore=tests_device/emulated --ignore=tests_device/rack --durations=10

device-qemu: $(READY) $(QEMU_ELF) ## Run the tests of a board on QEMU, those of modules apart
	$(SUITE) --board qemu_mps2_an385 --exchanges 100 --unplugs 20 --deselect tests_device/test_device_modules.py

device-pico: $(READY) $(PICO_ELF) $(PICO_PLAIN) $(PICO_EMULATOR) ## Run the tests of a board on the emulated Pico
	$(SUITE) --board rpi_pico
