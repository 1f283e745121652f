"""Decoder and encoder of GBCS messages for the host, independent of the firmware's own."""
