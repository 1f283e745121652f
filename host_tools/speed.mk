# The voltage measurement: how fast it is, and its picture in the README.
.PHONY: bench voltage

bench: $(READY) ## Measure how many voltage samples a second MicroPython takes
	$(BIN)/python -m host_tools.sampling_speed

voltage: $(READY) ## Draw the README's voltage log of a virtual day
	$(BIN)/python -m host_tools.voltage.example docs/voltage.svg
