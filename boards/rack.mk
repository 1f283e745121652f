# Many boards at once, in an environment of its own: its pyserial is labgrid's fork of it.
.PHONY: test-rack

RACK := build/rack/venv

$(RACK)/ready: requirements.lock boards/rack/requirements.lock
	$(PYTHON) -m venv --clear $(RACK)
	$(RACK)/bin/pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	$(RACK)/bin/pip install --quiet --no-deps --requirement boards/rack/requirements.lock
	PYTHONWARNINGS=ignore $(RACK)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

test-rack: $(READY) $(RACK)/ready ## Test two virtual boards at once, as places of a labgrid on this machine
	$(RACK)/bin/pytest -rs tests_device/rack
