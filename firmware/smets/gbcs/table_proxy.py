# Use cases in GBZ that a GPF answers; most of them a GSME, too (its others: table_gas.py).
# From the GBCS 4.0 use case tables; 0x012A from RTDS 4.5.0 bytes.
# fmt: off

# Each row: message code, use case, targets with roles, flags, components (see use_cases.py).
ROWS = (
    # Read ZigBee Device Event Log; SRV 6.13; SMETS 4.6.5.9
    (0x0014, "CS10a", "PSNB GSNB", "",
     "0709 01.00>19.01"
    ),
    # Clear ZigBee Device Event Log; SRV 3.3; SMETS 4.5.3.8
    (0x0015, "CS11", "PS GS", "u",
     "0709 01.01>09.02"
    ),
    # Set Change of Tenancy date on GPF; SRV 3.2; CHTS 4.5.4.10
    (0x0072, "GCS09", "PS", "u",
     "0708 09.00>00.0B"
    ),
    # Read GSME Consumption Register; SRV 4.1.1; SMETS 4.6.5.4
    (0x0074, "GCS13a", "PSN GS", "t",
     "0702 00.00>18.01e 0302 0301 0300 0000"
    ),
    # Read GSME Prepayment Register(s); SRV 4.3; SMETS 4.6.5.21, SMETS 4.6.5.1, SMETS 4.6.5.8
    (0x0075, "GCS14", "PS GS", "t",
     "0700 00.00>08.01 0617 0616; 0705 00.00>08.01e 0005 0002 0001 0231 0211 0221"
    ),
    # Read GSME Billing Data Log (billing calendar triggered); SRV 4.4.3; SMETS 4.6.5.3, CHTS
    # 4.5.2
    (0x0076, "GCS15c", "PSB GS", "",
     "0702 01.06>19.06e; 0705 01.07>19.01e"
    ),
    # Read GSME Daily Read log(s); SRV 4.6.1; SMETS 4.6.5.7
    (0x0077, "GCS16a", "PSB GS", "",
     "0702 01.06>19.06e"
    ),
    # Read GSME Profile Data Log; SRV 4.8.1; SMETS 4.6.5.15
    (0x0078, "GCS17", "PSNB GS", "",
     "0702 01.08>19.07e"
    ),
    # Read GSME Valve Status; SRV 7.4; SMETS 4.6.5.16, SMETS 4.6.5.18
    (0x0082, "GCS33", "PSNB GSNB", "",
     "0702 00.00>08.01 0205 0014"
    ),
    # Read GSME Firmware Version; SRV 11.2; SMETS 4.6.5.10, CHTS 4.6.3.9
    (0x0084, "GCS38", "PSNB GSNB", "",
     "0702 00.00>08.01 0206"
    ),
    # Read MPRN on the GSME; SRV 6.2.7; SMETS 4.6.4.19
    (0x0089, "GCS46", "PSNB GSNB", "",
     "0702 00.00>08.01 0307"
    ),
    # Read Meter Balance for GSME; SRV 4.18; SMETS 4.6.5.11
    (0x008D, "GCS60", "PS GS", "",
     "0702 00.00>08.01 0A00; 0705 00.00>08.01 0001"
    ),
    # Read GSME Daily Read log(s) (prepayment); SRV 4.14; SMETS 4.6.5.14
    (0x0096, "GCS16b", "PSB GS", "",
     "0705 01.07>19.01e"
    ),
    # Read GSME Tariff Data; SRV 4.11.1; SMETS 4.6.4.6, SMETS 4.6.4.32, SMETS 4.6.4.31
    (0x009F, "GCS21f", "PSB GSB", "",
     "0700 00.00>18.01 0203 0202 0100 0101 0102 0615 0400 0401 0402 0403 0410 0420 0430 0440"
     " 0616 0617 0301; 0707 01.01>19.01; 0707 01.02>19.02; 0707 01.03>19.03; 0707 "
     "01.04>19.04; 0700 01.00>19.00"
    ),
    # Read gas Daily Consumption Log; SRV 4.17; SMETS 5.7.5.14, CHTS 4.6.3.7
    (0x00A0, "GCS61", "PSNB", "",
     "0702 01.08>19.07e"
    ),
    # Read ZigBee Device Security Log; SRV 6.13; SMETS 4.6.5.17
    (0x00A1, "CS10b", "PSNB GSNB", "",
     "0709 01.00>19.01"
    ),
    # Read GSME Configuration Data Prepayment; SRV 4.13; SMETS 4.6.4.9, SMETS 4.6.4.8, SMETS
    # 4.6.4.10
    (0x00B5, "GCS21b", "PS GS", "",
     "0705 00.00>08.01 0239 0006 0216 0226 0040 0010 0011 0031 0021 0022 0217 0227; 0700 "
     "00.00>08.01 0617; 0707 01.01>19.01; 0707 01.02>19.02; 0707 01.03>19.03; 0707 "
     "01.04>19.04"
    ),
    # Read GSME Register (TOU); SRV 4.1.2; SMETS 4.6.5.20
    (0x00B6, "GCS13c", "PSN GS", "t",
     "0702 00.00>18.01e 0302 0301 0300 0100 0102 0104 0106"
    ),
    # Read GSME Block Counters; SRV 4.1.4; SMETS 4.6.5.19
    (0x00B8, "GCS13b", "PS GS", "t",
     "0702 00.00>18.01e 0700 0701 0702 0703 0302 0301 0300"
    ),
    # Read GSME Configuration Data Device Information (Payment Mode); SRV 6.2.9; SMETS 4.6.4.21,
    # SMETS 4.6.4.27, SMETS 4.6.4.28
    (0x00BF, "GCS21j", "PSB GSB", "",
     "0705 00.00>08.01 0000"
    ),
    # Read GSME Billing Data Log (change of mode / tariff triggered); SRV 4.4.2; SMETS 4.6.5.3
    (0x00C3, "GCS15b", "PSB GS", "",
     "0705 01.07>19.01e; 0702 01.06>19.06e"
    ),
    # Read GSME Billing Data Log (payment-based debt payments); SRV 4.4.4; SMETS 4.6.5.3
    (0x00C4, "GCS15d", "PSB GSB", "",
     "0705 01.0A>19.06e"
    ),
    # Read GSME Billing Data Log (prepayment credits); SRV 4.4.5; SMETS 4.6.5.3
    (0x00C5, "GCS15e", "PSB GSB", "",
     "0705 01.08>19.05"
    ),
    # Read GSME Configuration Data Device Information (BillingCalendar - all periodicities); SRV
    # 6.2.3; SMETS 4.6.4.2
    (0x00DA, "GCS21k", "PSB GSB", "",
     "0700 01.0B>09.09"
    ),
    # (no title in the sources; GCS60 with header date-time in the Response); SRV 4.18; SMETS
    # 4.6.5.11
    (0x012A, "GCS60a", "PS GS", "t",
     "0702 00.00>08.01 0A00; 0705 00.00>08.01 0001"
    ),
)
