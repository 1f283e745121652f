.PHONY: screens wiring

screens: $(READY) ## Draw the displays' screens, report changes, write the README's pictures
	$(BIN)/smets screens --docs docs/screens

wiring: $(READY) ## Draw how panels and keys are wired to boards, from their board.py
	$(BIN)/python -m host_tools.wiring
