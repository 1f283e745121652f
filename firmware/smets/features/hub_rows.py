# Rows of the CHF Device Log, and how many it has (gas_proxy.md 6).
from smets.compat import const

ENTRIES = const(16)
HISTORIC = const(15)
# Columns of a row.
EUI_AT, TYPE_AT, CODE_AT, HASH_AT = const(0), const(1), const(2), const(3)
# Device types of the log (CCS01).
GPF = const(254)

# project-choice: what a hub says of the strength of a 2.4 GHz signal, dB. Alternative: 0, which
# could be a reading.
RSSI_2G4 = const(0x7F)
