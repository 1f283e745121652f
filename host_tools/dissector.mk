# The Wireshark dissector's names, from the tables of smets parse.
.PHONY: dissector

dissector: $(READY) ## Write the names that the Wireshark dissector shows, from the tables
	$(BIN)/python -m host_tools.dissector
