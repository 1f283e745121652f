# The home in the browser.
.PHONY: home month view

home: $(READY) ## Show the home in a browser: five devices, their screens, the HAN, buttons
	$(BIN)/smets home --web

view: $(READY) ## Take the picture of the browser view in docs (needs Debian's chromium)
	$(BIN)/python -m host_tools.web.picture docs/home.png

month: $(READY) ## Let a month of the home pass with its view open; print every memory before and after
	$(BIN)/python -m host_tools.web.month
