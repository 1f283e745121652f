# Causes of snapshots (Metering and Prepayment cluster), as bits: why one was made (meter.md (c)).
from smets.compat import const

GENERAL = const(0x0001)  # daily
END_OF_BILLING_PERIOD = const(0x0002)
TARIFF = const(0x0008)
PRICE_MATRIX = const(0x0010)
BLOCK_THRESHOLDS = const(0x0020)
SUPPLIER = const(0x2000)
PAYMENT_MODE = const(0x4000)
