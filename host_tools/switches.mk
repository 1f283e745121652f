# No dormant switches (CR4465), and what a release holds.
.PHONY: no-switches

no-switches: $(READY) ## Look for dormant switches; write build/release/manifest.json of what passed
	$(BIN)/python -m host_tools.switches --manifest build/release/manifest.json
