# Pages of docs that are made from the sources.
.PHONY: choices traceability

choices: $(READY) ## Write docs/choices.md from the firmware's constants, functions and comments
	$(BIN)/python -m host_tools.choices docs/choices.md

traceability: $(READY) ## Write docs/traceability.md and docs/evidence*.md from the catalogue and its facts
	$(BIN)/python -m host_tools.conform.traceability docs
