# The fuzzer: devices and decoder, coverage-guided by atheris, which lies beside .venv.
.PHONY: fuzz

# Seconds in all.
TIME ?= 600
ATHERIS := build/fuzz/atheris

# Without a wheel for this Python the same targets get random octets.
$(ATHERIS)/ready: $(READY) tests_host/fuzz/requirements.lock
	@rm -rf $(ATHERIS) && mkdir -p $(ATHERIS)
	@$(BIN)/pip install --quiet --no-deps --only-binary :all: --require-hashes --target $(ATHERIS) \
		--requirement tests_host/fuzz/requirements.lock || \
		echo 'no wheel of atheris for this Python: no coverage guides the fuzzer, inputs are random'
	@touch $@

fuzz: $(ATHERIS)/ready ## Fuzz devices and decoder for TIME seconds in all (600), JOBS targets at once (2)
	cd tests_host && PYTHONPATH=../$(ATHERIS):../firmware:.:.. ../$(BIN)/python -m fuzz.run --time $(TIME) --jobs $(JOBS)
