# The response side of `make duis`.
.PHONY: mmc
duis: mmc

mmc: $(READY) ## Make MMC documents of the responses of RTDS_DIR, and judge them
	@PYTHONPATH=tests_host $(BIN)/python tests_host/mmc_check.py

.PHONY: mmc-batch

# Vectors hold values at random, some beyond the schema's limits: documents are not validated here.
mmc-batch: $(READY) ## Make MMC documents of N=10000 answers; time and memory at most
	@made=$$(mktemp -d); $(BIN)/python tests_host/mmc_batch.py $(or $(N),10000) $$made; \
	keys=$$(for file in tests_host/data/vectors/keys/*.json tests_host/data/vectors/parties.json; do printf ' --keys %s' $$file; done); \
	DUIS_DIR=$$made $(BIN)/smets pc $$made/batch.log $$keys -o $$made/out; status=$$?; rm -rf $$made; exit $$status
