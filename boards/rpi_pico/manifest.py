# Frozen build for the Pico: the port's own modules, and the firmware; main.py stays a file. All
# roles have to fit 896 KB: tracebacks name functions, not lines (opt=3).
include("manifest_plain.py")
package("smets", base_path="../../firmware", opt=3)
