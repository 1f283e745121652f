.PHONY: screens

screens: $(READY) ## Draw the displays' screens, report changes, write the README's pictures
	$(BIN)/smets screens --docs docs/screens
