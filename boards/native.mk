# P-256 in machine code (firmware/native), as files that are flashed with a role.
.PHONY: native test-native

ARCHES := armv6m armv7m armv7emsp rv32imc x64

native: $(ARCHES:%=build/native/%/smets_p256.mpy) ## Compile P-256 for boards: what smets flash takes where it is
	@wc -c $^

build/native/%/smets_p256.mpy: $(NATIVE) boards/recipes/native.py $(READY)
	$(BIN)/python boards/recipes/native.py $*

test-native: native $(PICO) $(PICO_EMULATOR) ## Test P-256 in machine code on the Unix port, flashed, and on the Pico
	$(EMULATED)/test_native.py
