.PHONY: living year gas-month esme-heap

living: $(READY) ## Show what lives of meters and a gas proxy without a state, use case by use case
	@PYTHONPATH=firmware:tests_host:. $(BIN)/python tests_host/living_table.py

year: $(READY) ## Let a year of an ESME pass: two seasons, prepayment, 60 power cuts
	@made=$$(mktemp -d); mkdir $$made/flash; \
	PYTHONPATH=firmware:tests_host:. $(BIN)/python tests_host/year_commands.py >$$made/commands; \
	path=tests_host:tests_host/firmware:$$($(BIN)/python -c 'from host_tools.compiled import compiled_firmware as made; print(made())'):.frozen; \
	MICROPYPATH=$$path $(BIN)/micropython -X heapsize=512wk tests_host/year.py $$made/commands $$made/flash; \
	status=$$?; rm -rf $$made; exit $$status

gas-month: $(READY) ## Let a month of a home with prepaid gas pass; print what a day costs the meter's battery
	@PYTHONPATH=firmware:tests_host:. $(BIN)/python tests_host/gas_month.py

esme-heap: $(READY) ## Find the least heap of an ESME with all of its features, and with full logs
	@PYTHONPATH=firmware:tests_host:. $(BIN)/python tests_host/esme_heap.py
