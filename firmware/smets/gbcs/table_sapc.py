# Use cases that a SAPC answers in DLMS; those in ASN.1 are in table_asn1.py.
# fmt: off

# Each row: message code, use case, targets with roles, flags, elements (see use_cases.py).
ROWS = (
    # Read ESME/SAPC/Comms Hub Firmware Version; SRV 11.2
    (0x0059, "ECS52", "CSNB", "",
     "g1/0-0:0.2.1.255/2"
    ),
)
