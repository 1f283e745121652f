# Open firmware of GB smart-metering devices: IHD, PPMID, ESME, GPF and GSME.
# Arrows go down only: devices -> features -> gbcs, zcl, dlms -> codec, clock, crypto.
__version__ = "0.1.0"
