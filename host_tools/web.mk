# The home in the browser.
.PHONY: home view

home: $(READY) ## Show the home in a browser: five devices, their screens, the HAN, buttons
	$(BIN)/smets home --web

view: $(READY) ## Take the picture of the browser view in docs (needs Debian's chromium)
	$(BIN)/python -m host_tools.web.picture docs/home.png
