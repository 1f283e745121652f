# What all costs, and the voltage log of the README.
.PHONY: bench voltage

bench: $(READY) ## Print what the firmware and smets cost (make qemu-firmware: with an emulated Cortex-M3)
	$(BIN)/python -m host_tools.performance

voltage: $(READY) ## Draw the README's voltage log of a virtual day
	$(BIN)/python -m host_tools.voltage.example docs/voltage.svg
