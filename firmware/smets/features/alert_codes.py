# Alerts with a message code of their own, by what they tell (alerts.md 3): alert codes, and the
# message codes that carry them. Those of measurement and prepayment are with their features.
from smets.compat import const

# PPMID, HCALCS
FIRMWARE_ACTIVATED = const(0x8F8B)
CS09 = const(0x012B)
# SAPC
UNSUPPORTED = const(0x8F85)
ECS100 = const(0x0120)
LIMIT_TAKEN = const(0x8F86)
ECS101 = const(0x0121)
LIMIT_ENDED = const(0x8F87)
ECS102 = const(0x0122)
# CHF
DEVICE_LOG_CHANGED = const(0x8F12)
DEVICE_LOG_CHANGED_3_1 = const(0x8012)  # in GBCS 3.1
CS14 = const(0x0018)
FIRMWARE_NOT_DELIVERED = const(0x8F89)
FIRMWARE_DELIVERED = const(0x8F8A)
CCS08 = const(0x0128)
SUB_GHZ_CONFIGURED = const(0x8F2A)
DBCH04 = const(0x010D)
DBCH09 = const(0x0113)
# GPF
GPF_LOG_CHANGED = const(0x8071)
GCS62 = const(0x00B2)
TAP_FAILED = const(0x819E)  # a Response or Alert of the meter was not seen, or not followed
