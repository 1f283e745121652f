# Frozen build for the Pico: what its port needs to start, and the firmware, which uses no asyncio;
# main.py stays a file. All roles have to fit 640 KB: tracebacks name functions, not lines (opt=3).
freeze("$(PORT_DIR)/modules")
package("smets", base_path="../../firmware", opt=3)
