# The virtual board is the Unix port: the same frozen build.
include("../unix/manifest.py")
