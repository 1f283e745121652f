.PHONY: vectors

vectors: $(READY) ## Make the project's own test vectors again
	$(BIN)/python -m host_tools.vectors
