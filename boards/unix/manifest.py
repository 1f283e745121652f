# Frozen build of the Unix port: make -C ports/unix VARIANT=standard FROZEN_MANIFEST=<this file>.
# main.py stays a file, and names the role.
include("$(PORT_DIR)/variants/manifest.py")
package("smets", base_path="../../firmware")
