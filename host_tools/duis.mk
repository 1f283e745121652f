.PHONY: duis duis-judge dcc-judge dcc-speed judges

duis: $(READY) ## Compare DUIS requests with the vectors of RTDS_DIR
	$(BIN)/python -m host_tools.duis

JUDGE := build/judge
# npm's own client and any Java runtime; the tool is not kept in the project.
$(JUDGE)/package/dist/tool.jar:
	mkdir -p $(JUDGE)
	cd $(JUDGE) && npm pack --silent @smartdcc/duis-sign-wrap@0.1.2 && tar xzf *.tgz

duis-judge: $(READY) $(JUDGE)/package/dist/tool.jar ## Compare XML signatures with the DCC's own tool
	DUIS_SIGN_JAR=$(abspath $(JUDGE)/package/dist/tool.jar) $(BIN)/pytest -m slow tests_host/duis/test_duis_judge.py

# The DCC's own clients of its test box, which are not kept in the project either.
CLIENTS := build/judge/clients
$(CLIENTS)/node_modules/.package-lock.json:
	mkdir -p $(CLIENTS)
	npm install --silent --no-fund --no-audit --no-save --prefix $(CLIENTS) \
		@smartdcc/duis-parser@0.6.0 @smartdcc/duis-sign-wrap@0.1.2 @smartdcc/dccboxed-keystore@0.4.2

dcc-judge: $(READY) $(CLIENTS)/node_modules/.package-lock.json ## Let the DCC's own clients use the gateway
	DCC_CLIENTS=$(abspath $(CLIENTS)/node_modules) $(BIN)/pytest -m slow tests_host/dcc/test_dcc_judge.py

judges: $(JUDGE)/package/dist/tool.jar $(CLIENTS)/node_modules/.package-lock.json ## Fetch what dcc-judge and duis-judge need
	@java -version 2>/dev/null

dcc-speed: $(READY) ## Measure requests a second through the gateway, with 20 and 100 devices
	$(BIN)/python -m host_tools.dcc.speed
