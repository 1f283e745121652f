# The host tools as a wheel, with the firmware that they run and flash.
.PHONY: wheel

wheel: $(READY) ## Build the wheel in build/wheel: smets with pip, without a clone
	@rm -rf build/lib build/wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheel .
	@ls -l build/wheel
