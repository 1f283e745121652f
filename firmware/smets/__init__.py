# Open firmware of GB smart-metering devices: IHD, PPMID, ESME, GPF and GSME.
# Arrows go down only: docs/architecture.md has the layers.
__version__ = "0.1.0"
