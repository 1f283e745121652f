# Frozen build for QEMU's MPS2 board: the port has no file system, so all of the firmware is in it.
package("smets", base_path="../../firmware")
module("costs.py")
module("costs_esme.py")
module("main.py", base_path="../../firmware")
module("psram.py")
module("ticks.py")
