# Pages of docs that are made from the sources.
.PHONY: choices

choices: $(READY) ## Write docs/choices.md from the firmware's constants, functions and comments
	$(BIN)/python -m host_tools.choices docs/choices.md
