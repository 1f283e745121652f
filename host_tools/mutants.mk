.PHONY: mutants

mutants: $(READY) ## Seed faults in copies of the firmware: each must be caught by its checks
	$(BIN)/python -m host_tools.conform.mutants
