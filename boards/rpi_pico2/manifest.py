# Frozen build: what the port needs, and the firmware; main.py stays a file.
include("../rpi_pico/manifest_plain.py")
package("smets", base_path="../../firmware")
