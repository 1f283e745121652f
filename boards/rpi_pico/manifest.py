# Frozen build for the Pico: the port's own modules, and the firmware; main.py stays a file.
include("manifest_plain.py")
package("smets", base_path="../../firmware")
