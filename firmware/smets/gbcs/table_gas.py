# Use cases in GBZ that a gas meter alone answers; those of its proxy, too: table_proxy.py.
# From the GBCS 4.0 use case tables; 0x009D and 0x009E from RTDS 4.5.0 bytes.
# fmt: off

# Each row: message code, use case, targets with roles, flags, components (see use_cases.py).
ROWS = (
    # Set Tariff and Price on GSME; SRV 1.1.1; SMETS 4.5.3.22, SMETS 4.6.4.30, SMETS 4.6.4.23
    (0x006B, "GCS01a", "GS", "crdu",
     "0707 09.00>00.0B; 0707 09.01>00.0B; 0707 09.02>00.0B; 0707 09.03>00.0B; 0707 "
     "09.04>00.0B; 0700 09.04>00.0B; 0700 09.06>00.0B; 0700 09.05>00.0B"
    ),
    # Set GSME Payment Mode to Credit; SRV 1.6; SMETS 4.5.3.21
    (0x006C, "GCS02", "GS", "crdu",
     "0705 01.06>19.02"
    ),
    # Set GSME Payment Mode to Prepayment; SRV 1.6; SMETS 4.5.3.21, SMETS 4.6.4.12
    (0x006D, "GCS03", "GS", "crdu",
     "0705 01.06>19.02"
    ),
    # Manage Debt on the GSME; SRV 2.3; SMETS 4.6.4.8, SMETS 4.6.4.9, SMETS 4.6.5.13
    (0x006E, "GCS04", "GS", "cru",
     "0705 01.02>08.0B"
    ),
    # Update Prepayment Configurations on GSME; SRV 2.1; SMETS 4.6.4.13, SMETS 4.6.4.14, SMETS
    # 4.6.4.10
    (0x006F, "GCS05", "GS", "crdu",
     "0705 01.03>08.0B; 0705 01.0C>08.0B; 0705 01.09>08.0B; 0705 01.0B>08.0B; 0707 "
     "09.00>00.0B; 0707 09.01>00.0B; 0707 09.02>00.0B; 0707 09.03>00.0B; 0707 09.04>00.0B"
    ),
    # Activate Emergency Credit Remotely on GSME; SRV 2.5; SMETS 4.6.5.8
    (0x0070, "GCS06", "GS", "cru",
     "0705 01.00>08.0B"
    ),
    # Send Message to GSME; SRV 3.1; SMETS 4.6.4.24
    (0x0071, "GCS07", "GS", "u",
     "0703 09.00>00.0B"
    ),
    # Disable Privacy PIN Protection on GSME; SRV 3.5; SMETS 4.5.3.9
    (0x0073, "GCS11", "GS", "ru",
     "0708 09.02>00.0B"
    ),
    # Read Gas Network Data Log; SRV 4.10; SMETS 4.6.5.12
    (0x0079, "GCS18", "GSB", "",
     "0702 01.08>09.07e"
    ),
    # Read Gas Configuration Data Device Information; SRV 6.2.8; SMETS 4.6.4.3, SMETS 4.6.4.5,
    # SMETS 4.6.4.33
    (0x007B, "GCS21a", "GSNB", "",
     "0700 00.00>08.01 0306 0305 0304 0303 0302; 0702 00.00>08.01 0B13 0B12 0B11 0B10 0B14 "
     "0B15"
    ),
    # Set CV and Conversion Factor Value(s) on the GSME; SRV 6.6; SMETS 4.6.4.5, SMETS 4.6.4.3
    (0x007C, "GCS23", "GS", "cru",
     "0700 09.02>00.0B; 0700 09.03>00.0B"
    ),
    # Set Uncontrolled Gas Flow Rate and Supply Tamper State on the GSME; SRV 6.7; SMETS 4.6.4.33,
    # SMETS 4.6.4.25, SMETS 4.6.4.26
    (0x007D, "GCS24", "GS", "cru",
     "0702 01.0E>08.0B; 0702 01.0D>08.0B"
    ),
    # Set Billing Calendar on the GSME; SRV 6.8; SMETS 4.6.4.2
    (0x007E, "GCS25", "GS", "cru",
     "0700 09.09>00.0B; 0700 09.01>00.0B"
    ),
    # Start Network Data Log on GSME; SRV 14.1; SMETS 4.5.3.16
    (0x0080, "GCS31", "GB", "ru",
     "0702 01.07>09.0D"
    ),
    # Remotely close the valve in the GSME; SRV 7.2; SMETS 4.5.3.10
    (0x0081, "GCS32", "GS", "cru",
     "0702 01.0B>09.0C"
    ),
    # Send CIN to GSME; SRV 9.1; SMETS 4.6.4.7
    (0x0083, "GCS36", "GB", "ru",
     "0708 09.06>00.0B"
    ),
    # Arm Valve in GSME; SRV 7.3; SMETS 4.5.3.7
    (0x0085, "GCS39", "GS", "cru",
     "0702 01.0B>09.0C"
    ),
    # Adjust Prepayment Mode Meter Balance on the GSME; SRV 1.5; SMETS 4.5.3.6
    (0x0086, "GCS40a", "GS", "cru",
     "0705 01.05>08.0B"
    ),
    # Set MPRN Value on the GSME; SRV 6.20.1; SMETS 4.6.4.19
    (0x0087, "GCS41", "GS", "ru",
     "0708 09.03>00.0B"
    ),
    # Write Contact Details on GSME; SRV 3.4; SMETS 4.6.4.4
    (0x0088, "GCS44", "GS", "u",
     "0708 09.01>00.0B"
    ),
    # Activate Emergency Credit on GSME from PPMID; SMETS 4.5.3.1
    (0x0090, "PCS02", "GI", "u",
     "0705 01.00>08.0B"
    ),
    # Apply Prepayment Top Up to a GSME; SRV 2.2; SMETS 4.5.3.3
    (0x0097, "CS01b", "GS", "rduk",
     "0705 01.04>09.03"
    ),
    # Apply Prepayment Top Up to a GSME using PPMID; SMETS 4.5.3.3
    (0x009B, "PCS01", "GI", "u",
     "0705 01.04>09.03"
    ),
    # Read GSME Configuration Data Device Information (BillingCalendar); SRV 6.2.3
    (0x009D, "GCS21d", "GS", "",
     "0700 01.0B>09.09"
    ),
    # Read GSME/GPF Configuration Data Device Information (device identity); SRV 6.2.4
    (0x009E, "GCS21e", "GS", "",
     "0000 00.00>08.01 0004 0005 0003; 0702 00.00>08.01 0608 0607"
    ),
    # Set Price on GSME; SRV 1.2.1; SMETS 4.6.4.23, SMETS 4.6.4.6, SMETS 4.6.4.32
    (0x00A3, "GCS01b", "GS", "crdu",
     "0700 09.04>00.0B; 0700 09.05>00.0B"
    ),
    # Set Alert Behaviours - GSME; SRV 6.22; SMETS 4.6.4.1
    (0x00AD, "GCS20", "GS", "u",
     "0708 09.04>00.0B"
    ),
    # Reset Prepayment Mode Meter Balance on the GSME; SRV 1.5; SMETS 4.5.3.19
    (0x00B4, "GCS40b", "GS", "cru",
     "0705 01.05>08.0B"
    ),
    # Adjust Credit Mode Meter Balance on the GSME; SRV 1.5; SMETS 4.5.3.6
    (0x00C0, "GCS40c", "GS", "cru",
     "0705 01.05>08.0B"
    ),
    # Reset Credit Mode Meter Balance on the GSME; SRV 1.5; SMETS 4.5.3.19
    (0x00C2, "GCS40d", "GS", "cru",
     "0705 01.05>08.0B"
    ),
    # Set Billing Calendar on the GSME - all periodicities; SRV 6.8; SMETS 4.6.4.2
    (0x00D8, "GCS25a", "GS", "cru",
     "0700 09.09>00.0B; 0700 09.01>00.0B"
    ),
    # Read non-critical event and alert behaviours - GSME- Supplier; SRV 6.2.10; SMETS 4.6.4.1,
    # SMETS 4.6.4.34
    (0x00F1, "GCS20r", "GS", "",
     "0708 09.05>01.04!08"
    ),
    # Read GSME Configuration Data Device Information (identity, type and supply tamper /
    # depletion state); SRV 6.2.4; SMETS 4.6.1.2, SMETS 4.6.1.3, SMETS 4.6.4.26
    (0x00FB, "GCS21m", "GSNB", "",
     "0000 00.00>08.01 0004 0005; 0702 00.00>08.01 0608 0607"
    ),
    # Set Uncontrolled Gas Flow Rate at greater resolution and Supply Tamper State on the GSME;
    # SRV 6.7; SMETS 4.6.4.33, SMETS 4.6.4.25, SMETS 4.6.4.26
    (0x00FC, "GCS24a", "GS", "cru",
     "0702 01.0E>08.0B; 0702 01.0D>08.0B"
    ),
)
