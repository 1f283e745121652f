# Conformance: every reference device judged, its report in build/conform.
.PHONY: conform

conform: $(READY) ## Judge the five reference devices; reports in build/conform
	$(BIN)/smets conform --device all --out build/conform $(if $(wildcard $(RTDS_DIR)/index.csv),--rtds $(RTDS_DIR))
