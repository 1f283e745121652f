# The fuzzer: devices and decoder, coverage-guided by atheris in an environment of its own.
.PHONY: fuzz

TIME ?= 600
FUZZ := build/fuzz/venv

# Without atheris for this Python the same targets get random octets.
$(FUZZ)/ready: requirements.lock tests_host/fuzz/requirements.lock
	$(PYTHON) -m venv --clear $(FUZZ)
	$(FUZZ)/bin/pip install --quiet --requirement requirements.lock
	$(FUZZ)/bin/pip install --quiet --no-deps --only-binary :all: --requirement tests_host/fuzz/requirements.lock || \
		echo 'atheris: no wheel for this Python, the fuzzer takes random octets'
	PYTHONWARNINGS=ignore $(FUZZ)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

fuzz: $(READY) $(FUZZ)/ready ## Fuzz devices and decoder for TIME seconds in all (600)
	cd tests_host && PYTHONPATH=../firmware:.:.. ../$(FUZZ)/bin/python -m fuzz.run --time $(TIME)
