# Images to copy onto boards: MicroPython with the firmware frozen in.
.PHONY: uf2 test-uf2

IMAGES := rpi_pico rpi_pico_w rpi_pico2

uf2: $(IMAGES:%=build/%/firmware.uf2) ## Build .uf2 and .bin of Pico, Pico W and Pico 2; print their sizes
	$(PYTHON) boards/recipes/images.py $(IMAGES)

$(IMAGES:%=build/%/firmware.uf2): build/%/firmware.uf2: $(FIRMWARE) $(NATIVE) $(BUILDERS) boards/%/manifest.py boards/rpi_pico/manifest_plain.py
	$(PYTHON) boards/recipes/picos.py $*

build/rpi_pico_w/firmware.uf2: $(wildcard boards/rpi_pico_w/no_radio/*)

# The same objects with other frozen modules: after the other, not beside it.
build/rpi_pico/plain.uf2: $(NATIVE) $(BUILDERS) boards/rpi_pico/manifest_plain.py | build/rpi_pico/firmware.uf2
	$(PYTHON) boards/recipes/picos.py rpi_pico plain

test-uf2: $(READY) $(IMAGES:%=build/%/firmware.uf2) $(PICO_EMULATOR) ## Test the images
	$(EMULATED)/test_emulated_images.py
