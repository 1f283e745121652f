# Frozen build: what the port's own boards have, and the firmware; main.py stays a file.
include("$(PORT_DIR)/boards/manifest.py")
package("smets", base_path="../../firmware")
