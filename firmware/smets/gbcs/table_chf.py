# Use cases that the CHF answers in DLMS.
# From the GBCS 4.0 use case tables; later codes from RTDS 4.5.0 bytes.
# fmt: off

# Each row: message code, use case, targets with roles, flags, elements (see use_cases.py).
ROWS = (
    # Add Device to CHF device log; SRV 8.11; CHTS 4.5.1.2
    (0x0001, "CCS01", "HB", "ru",
     "a104/0-0:30.3.0.255/1:02 s104/0-0:30.3.0.255/3:12 s104/0-0:30.3.0.255/2:03"
    ),
    # Remove device from CHF device log; SRV 8.11; CHTS 4.5.1.9
    (0x0002, "CCS02", "HB", "ru",
     "a104/0-0:30.3.0.255/2:09"
    ),
    # Restore CHF Device Log; SRV 8.12.1; CHTS 4.5.1.11, CHTS 4.6.2.1
    (0x0003, "CCS03", "HB", "ru",
     "a104/0-0:30.3.0.255/5:02"
    ),
    # (no title in the sources; reads the same object as CCS06); SRV 8.9
    (0x0004, "CCS05CCS04", "HSb", "",
     "g104/0-0:30.3.0.255/4"
    ),
    # Read ESME/SAPC/Comms Hub Firmware Version; SRV 11.2; SMETS 5.7.5.17, SMETS 9.6.3.3, CHTS
    # 4.6.3.4
    (0x0059, "ECS52", "HSNB", "",
     "g1/0-0:0.2.1.255/2"
    ),
    # Read Configuration Data Device Information (CHF identity); SRV 6.2.4
    (0x0092, "ECS26i", "HSb", "",
     "g1/0-0:96.1.1.255/2 g1/0-0:96.1.4.255/2 g1/0-0:96.1.6.255/2"
    ),
    # Read CHF Event Log; SRV 6.13; CHTS 4.6.3.3
    (0x0093, "ECS35c", "HB", "",
     "l7/0-0:99.98.0.255/2"
    ),
    # Read CHF Security Log; SRV 6.13; CHTS 4.6.3.5
    (0x0094, "ECS35d", "HB", "",
     "l7/0-0:99.98.1.255/2"
    ),
    # Read CHF Configuration Data Device Information (CH identity and type); SRV 6.2.4; CHTS
    # 4.6.1.3, CHTS 4.6.1.2
    (0x00FA, "ECS26n", "HB", "",
     "g1/0-0:96.1.4.255/2 g1/0-0:96.1.6.255/2"
    ),
    # Read CHF Device Logs; SRV 8.9; CHTS 4.5.1.5, CHTS 4.6.2.1, CHTS 4.5.1.7
    (0x00FE, "CCS07", "HB", "",
     "a104/0-0:30.3.0.255/4 a104/0-0:30.3.1.255/4"
    ),
    # Read CHF Sub GHz Channel; SRV 6.31; CHTS 4.6.3.12
    (0x010A, "DBCH01", "HB", "",
     "g1/0-0:94.44.10.2/2"
    ),
    # Read CHF Sub GHz Channel Log; SRV 6.32; CHTS 4.6.3.13
    (0x010B, "DBCH02", "HB", "",
     "l7/0-0:94.44.10.3/2"
    ),
    # Read CHF Sub GHz Configuration; SRV 6.30; CHTS 4.6.2.5
    (0x010C, "DBCH03", "HB", "",
     "g1/0-0:94.44.10.0/2"
    ),
    # Set CHF Sub GHz Configuration; SRV 6.28; CHTS 4.6.2.5
    (0x010D, "DBCH04", "HB", "ru",
     "s1/0-0:94.44.10.0/2:02"
    ),
    # Request CHF Sub GHz Channel Scan; SRV 6.29; CHTS 4.5.1.12
    (0x010E, "DBCH05", "HB", "ru",
     "s1/0-0:94.44.10.1/2:11"
    ),
    # Read CHF device log and check HAN communications; SRV 8.9; CHTS 4.6.2.1, CHTS 4.6.3.14, CHTS
    # 4.6.3.2
    (0x010F, "CCS06", "HB", "",
     "g104/0-0:30.3.0.255/4"
    ),
)
