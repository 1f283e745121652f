# Use cases that the ESME answers in DLMS.
# From the GBCS 4.0 use case tables; later codes from RTDS 4.5.0 bytes.
# fmt: off

# Each row: message code, use case, targets with roles, flags, elements (see use_cases.py).
ROWS = (
    # Apply Prepayment Top Up to an ESME; SRV 2.2; SMETS 5.6.3.3
    (0x0007, "CS01a", "ES", "rduk",
     "a115/0-0:19.40.0.255/1:09"
    ),
    # Set Tariff and Price on ESME; SRV 1.1.1; SMETS 5.7.4.48, SMETS 5.7.4.49, SMETS 5.7.4.9
    (0x0019, "ECS01a", "ES", "crdu",
     "s20/0-0:13.0.0.255/7:01 s20/0-0:13.0.0.255/8:01 s20/0-0:13.0.0.255/9:01 "
     "s11/0-1:11.0.0.255/2:01 s21/0-0:16.1.11.255/2:01 s21/0-0:16.1.12.255/2:01 "
     "s21/0-0:16.1.13.255/2:01 s21/0-0:16.1.14.255/2:01 s21/0-0:16.1.15.255/2:01 "
     "s21/0-0:16.1.16.255/2:01 s21/0-0:16.1.17.255/2:01 s21/0-0:16.1.18.255/2:01 "
     "s9000/0-0:94.44.2.0/4:03 s113/0-0:19.20.4.255/6:02 s113/0-0:19.20.0.255/6:02 "
     "s20/0-0:13.0.0.255/10:09 s9000/0-0:94.44.128.29/6:09 s9000/0-0:94.44.2.0/6:09 "
     "s113/0-0:19.20.4.255/7:09 s113/0-0:19.20.0.255/7:09 s9000/0-0:63.1.1.255/6:09"
    ),
    # Set ESME Payment Mode to Credit; SRV 1.6; SMETS 5.7.4.31, SMETS 5.7.4.45, SMETS 5.7.4.46
    (0x001A, "ECS02", "ES", "crdu",
     "s111/0-1:19.0.0.255/2:02 s111/0-1:19.0.0.255/11:01 s111/0-1:19.0.0.255/13:09"
    ),
    # Set ESME Payment Mode to Prepayment; SRV 1.6; SMETS 5.7.4.15, SMETS 5.7.4.31, SMETS 5.7.4.45
    (0x001B, "ECS03", "ES", "crdu",
     "s111/0-1:19.0.0.255/2:02 s9000/0-0:94.44.128.22/4:05 s111/0-1:19.0.0.255/11:01 "
     "s9000/0-0:94.44.128.22/6:09 s111/0-1:19.0.0.255/13:09"
    ),
    # Adjust Meter Balance on the ESME; SRV 1.5; SMETS 5.6.3.6, SMETS 5.7.5.22
    (0x001C, "ECS04a", "ES", "cru",
     "a112/0-0:19.10.0.255/1:05"
    ),
    # Reset Tariff Block Counter Matrix; SRV 1.7; SMETS 5.7.5.33
    (0x001D, "ECS05", "ES", "cru",
     "a9/0-0:10.0.100.255/1:12"
    ),
    # Manage Debt on the ESME; SRV 2.3; SMETS 5.7.4.12, SMETS 5.7.4.11, SMETS 5.6.3.5
    (0x001E, "ECS07", "ES", "cru",
     "s113/0-0:19.20.1.255/6:02 s113/0-0:19.20.2.255/6:02 s113/0-0:19.20.3.255/13:12 "
     "s113/0-0:19.20.1.255/8:06 s113/0-0:19.20.2.255/8:06 a113/0-0:19.20.1.255/2:0F "
     "a113/0-0:19.20.2.255/2:0F a113/0-0:19.20.3.255/4:05 a113/0-0:19.20.1.255/4:05 "
     "a113/0-0:19.20.2.255/4:05"
    ),
    # Update Prepayment Configuration on ESME; SRV 2.1
    (0x001F, "ECS08", "ES", "crdu",
     "s11/0-1:11.0.2.255/2:01 s9000/0-0:94.44.2.20/2:05 s9000/0-0:94.44.2.10/4:05 "
     "s10/0-1:12.0.1.255/2:01 s9000/0-0:94.44.128.12/4:12 s9000/0-0:94.44.128.13/4:05 "
     "s9000/0-0:94.44.128.9/4:05 s9000/0-0:94.44.128.2/4:05 s9000/0-0:94.44.128.31/6:09 "
     "s9000/0-0:94.44.128.3/4:05 s9000/0-0:94.44.2.20/6:09 s9000/0-0:94.44.2.10/6:09 "
     "s9000/0-0:94.44.128.12/6:09 s9000/0-0:94.44.128.13/6:09 s9000/0-0:94.44.128.9/6:09 "
     "s9000/0-0:94.44.128.2/6:09 s9000/0-0:94.44.128.3/6:09 s9000/0-0:94.44.128.28/6:09"
    ),
    # Activate Emergency Credit Remotely on ESME; SRV 2.5; SMETS 5.6.3.1, SMETS 5.7.5.15
    (0x0020, "ECS09", "ES", "cru",
     "a112/0-0:19.10.1.255/3:0F"
    ),
    # Send Message to ESME; SRV 3.1; SMETS 5.7.4.43
    (0x0021, "ECS10", "ES", "u",
     "s1/0-2:96.13.1.255/2:09"
    ),
    # Set Change of Tenancy date on ESME; SRV 3.2; SMETS 5.6.3.31
    (0x0022, "ECS12", "ES", "u",
     "s1/0-0:94.44.3.2/2:09"
    ),
    # Disable Privacy PIN Protection on ESME; SRV 3.5; SMETS 5.6.3.10
    (0x0023, "ECS14", "ES", "ru",
     "s1/0-0:94.44.3.1/2:09"
    ),
    # Clear ESME Event Log; SRV 3.3; SMETS 5.6.3.9, SMETS 5.7.5.16, SMETS 9.5.2.4
    (0x0024, "ECS15a", "ES", "u",
     "a7/0-0:99.98.0.255/1:0F"
    ),
    # Write Supplier Contact Details on ESME; SRV 3.4; SMETS 5.7.4.8
    (0x0025, "ECS16", "ES", "u",
     "s9000/0-0:96.13.0.255/2:09 s9000/0-0:96.13.1.255/2:09"
    ),
    # Read ESME Energy Registers (Export Energy); SRV 4.2; SMETS 5.7.5.2, SMETS 5.7.5.29
    (0x0026, "ECS17a", "ENB", "d",
     "g3/1-0:2.8.0.255/2 g3/1-0:2.8.0.255/3 g3/1-0:4.8.0.255/2 g3/1-0:4.8.0.255/3"
    ),
    # Read ESME Energy Registers (Import Energy); SRV 4.1.1; SMETS 5.7.5.3, SMETS 5.7.5.30, SMETS
    # 5.13.2.11
    (0x0027, "ECS17b", "ESN", "d",
     "p30/0-0:43.2.8.255/1>1/0-0:94.44.34.10/2"
    ),
    # Read ESME Energy Registers (Power); SRV 4.16; SMETS 5.7.5.4, SMETS 5.13.2.1, SMETS 5.13.2.5
    (0x0028, "ECS17c", "ESNB", "d",
     "g1/0-0:94.44.34.20/2"
    ),
    # Read ESME Energy Register (TOU); SRV 4.1.2; SMETS 5.7.5.34, SMETS 5.13.2.10
    (0x0029, "ECS17d", "ESN", "d",
     "p30/0-0:43.2.9.255/1>1/0-0:94.44.34.1/2"
    ),
    # Read ESME Energy Register (TOU with Blocks); SRV 4.1.3; SMETS 5.7.5.35
    (0x002A, "ECS17e", "ESN", "d",
     "p30/0-0:43.2.10.255/1>1/0-0:94.44.34.2/2"
    ),
    # Read Maximum Demand Registers (export); SRV 4.12.2; SMETS 5.7.5.21
    (0x002B, "ECS18a", "ENB", "d",
     "g1/0-0:94.44.5.2/2 g4/1-0:2.6.0.255/2 g4/1-0:2.6.0.255/3 g4/1-0:2.6.0.255/5"
    ),
    # Read Maximum Demand Registers (import); SRV 4.12.1; SMETS 5.7.5.20, SMETS 5.7.5.19, SMETS
    # 5.7.5.21
    (0x002C, "ECS18b", "ESNB", "d",
     "g1/0-0:94.44.5.0/2 g1/0-0:94.44.5.1/2 g4/1-0:1.6.0.255/2 g4/1-0:1.6.0.255/3 "
     "g4/1-0:1.6.0.255/5 g4/1-0:1.6.1.255/2 g4/1-0:1.6.1.255/3 g4/1-0:1.6.1.255/5 "
     "g10/0-0:12.0.0.255/2"
    ),
    # Read ESME Prepayment Registers; SRV 4.3; SMETS 5.7.5.22, SMETS 5.7.5.15, SMETS 5.7.5.1
    (0x002D, "ECS19", "ES", "d",
     "p30/0-0:43.2.1.255/1>1/0-0:94.44.34.30/2"
    ),
    # Read ESME Billing Data Log (payment based debt payments); SRV 4.4.4; SMETS 5.7.5.10, SMETS
    # 5.13.2.3
    (0x002E, "ECS20a", "ESB", "",
     "l7/0-0:98.1.4.255/2"
    ),
    # Read ESME Billing Data Log (change of mode / tariff triggered exc export); SRV 4.4.2; SMETS
    # 5.7.5.10, SMETS 5.13.2.3
    (0x002F, "ECS20b", "ESB", "",
     "p30/0-0:43.2.3.255/1>7/0-0:98.1.2.255/2"
    ),
    # Read ESME Billing Data Log (billing calendar triggered exc export); SRV 4.4.3; SMETS
    # 5.7.5.10, SMETS 5.13.2.3
    (0x0030, "ECS20c", "ESB", "",
     "p30/0-0:43.2.2.255/1>7/0-0:98.1.0.255/2,7/0-0:98.1.1.255/2"
    ),
    # Read Electricity Daily Read Log (exc export); SRV 4.6.1; SMETS 5.7.5.13, SMETS 5.13.2.4
    (0x0033, "ECS21a", "ESB", "",
     "p30/0-0:43.2.5.255/1>7/0-0:98.1.9.255/2"
    ),
    # Read Electricity (Prepayment) Daily Read Log; SRV 4.14; SMETS 5.7.5.26
    (0x0034, "ECS21b", "ESB", "",
     "p30/0-0:43.2.6.255/1>7/0-0:98.1.8.255/2"
    ),
    # Read Electricity Daily Read Log (export only); SRV 4.6.2; SMETS 5.7.5.13, SMETS 5.13.2.4
    (0x0035, "ECS21c", "EB", "",
     "l7/0-0:98.1.10.255/2"
    ),
    # Read Electricity Half Hour Profile Data (export); SRV 4.8.3; SMETS 5.7.5.27, SMETS 5.13.2.7
    (0x0036, "ECS22a", "ENB", "",
     "l7/0-0:99.1.1.255/2"
    ),
    # Read Electricity Half Hour Profile Data (active import); SRV 4.8.1; SMETS 5.7.5.27, SMETS
    # 5.13.2.7, CHTS 4.6.3.10
    (0x0037, "ECS22b", "ESNB", "",
     "p30/0-0:43.2.7.255/1>7/0-0:99.1.0.255/2"
    ),
    # Read Electricity Half Hour Profile Data (reactive import); SRV 4.8.2; SMETS 5.7.5.27, SMETS
    # 5.13.2.7
    (0x0038, "ECS22c", "ESNB", "",
     "l7/0-0:99.1.2.255/2"
    ),
    # Read Voltage Operational Data; SRV 4.10; SMETS 5.7.5.8, SMETS 5.19.2.2, SMETS 5.7.5.7
    (0x0039, "ECS23", "ESNB", "d",
     "g3/1-0:32.32.0.4/2 g3/1-0:32.32.0.4/3 g3/1-0:32.36.0.4/2 g3/1-0:32.36.0.4/3 "
     "l7/1-0:32.24.0.255/2 g7/1-0:32.24.0.255/4"
    ),
    # Read ESME Tariff Data; SRV 4.11.1; SMETS 5.7.5.5, SMETS 5.13.2.6, SMETS 5.7.4.48
    (0x003A, "ECS24", "ESB", "",
     "g3/0-0:94.44.1.7/2 g3/0-0:94.44.1.7/3 g20/0-0:13.0.0.255/3 g20/0-0:13.0.0.255/4 "
     "g20/0-0:13.0.0.255/5 g11/0-0:11.0.0.255/2 g21/0-0:16.0.11.255/2 g21/0-0:16.0.12.255/2 "
     "g21/0-0:16.0.13.255/2 g21/0-0:16.0.14.255/2 g21/0-0:16.0.15.255/2 "
     "g21/0-0:16.0.16.255/2 g21/0-0:16.0.17.255/2 g21/0-0:16.0.18.255/2 "
     "g9000/0-0:94.44.2.0/2 g113/0-0:19.20.4.255/5 g113/0-0:19.20.0.255/5"
    ),
    # Read ESME Configuration Data Prepayment; SRV 4.13; SMETS 5.7.4.12, SMETS 5.7.4.30, SMETS
    # 5.7.4.11
    (0x003B, "ECS26a", "ES", "",
     "g113/0-0:19.20.1.255/5 g11/0-0:11.0.2.255/2 g113/0-0:19.20.1.255/8 "
     "g113/0-0:19.20.1.255/5 g113/0-0:19.20.2.255/5 g113/0-0:19.20.2.255/8 "
     "g113/0-0:19.20.2.255/5 g113/0-0:19.20.3.255/13 g9000/0-0:94.44.2.10/2 "
     "g21/0-0:16.0.1.255/2 g9000/0-0:94.44.2.20/2 g111/0-0:19.0.0.255/16 "
     "g111/0-0:19.0.0.255/18 g111/0-0:19.0.0.255/19 g112/0-0:19.10.1.255/9 "
     "g112/0-0:19.10.1.255/10 g10/0-0:12.0.1.255/2 g111/0-0:19.0.0.255/11"
    ),
    # Read ESME Configuration Voltage Data; SRV 6.2.1; SMETS 5.7.4.35, SMETS 5.7.4.34, SMETS
    # 5.7.4.37
    (0x003C, "ECS26b", "ESNB", "",
     "g71/0-0:17.0.1.255/4 g71/0-0:17.0.1.255/6 g71/0-0:17.0.2.255/4 g71/0-0:17.0.2.255/6 "
     "g71/0-0:17.0.3.255/4 g71/0-0:17.0.3.255/6 g71/0-0:17.0.4.255/4 g71/0-0:17.0.4.255/6 "
     "g1/1-0:32.35.0.4/2 g1/1-0:32.31.0.4/2"
    ),
    # Read ESME Configuration Data Device Information (randomisation); SRV 6.2.2; SMETS 5.7.5.28,
    # SMETS 9.6.3.4, SMETS 5.7.1.5
    (0x003D, "ECS26c", "ESNB", "",
     "g1/0-0:94.44.0.0/2 g1/0-0:94.44.0.2/2 g1/0-0:94.44.0.1/2"
    ),
    # Read ESME Configuration Data Device Information (Billing Calendar); SRV 6.2.3
    (0x003E, "ECS26d", "ES", "",
     "g22/0-0:15.0.0.255/4"
    ),
    # Read ESME Configuration Data Device Information (device identity exc MPAN); SRV 6.2.4
    (0x003F, "ECS26e", "ES", "",
     "g1/0-0:96.1.1.255/2 g1/0-0:96.1.2.255/2 g1/0-0:96.1.4.255/2 g1/0-0:96.1.6.255/2 "
     "g1/0-0:94.44.0.4/2"
    ),
    # Read ESME Configuration Data Device Information (instantaneous power thresholds); SRV 6.2.5;
    # SMETS 5.7.4.24, SMETS 5.7.4.29
    (0x0040, "ECS26f", "ESB", "",
     "g21/0-0:16.0.0.255/2"
    ),
    # Read ESME Load Limit Data; SRV 4.15; SMETS 5.7.4.22, SMETS 5.7.5.18, SMETS 5.7.4.20
    (0x0042, "ECS27", "ESNB", "",
     "g9000/0-0:94.44.0.3/2 g3/0-0:94.44.42.255/2 g3/0-0:94.44.42.255/3 g71/0-0:17.0.0.255/4"
     " g71/0-0:17.0.0.255/6 g71/0-0:17.0.0.255/7"
    ),
    # Set Load Limit Configurations - General Settings; SRV 6.4.1; SMETS 5.7.4.22, SMETS 5.7.4.20,
    # SMETS 5.7.4.19
    (0x0043, "ECS28a", "ES", "crdu",
     "s9000/0-0:94.44.0.3/4:03 s9000/0-0:94.44.128.7/4:06 s9000/0-0:94.44.128.6/4:06 "
     "s9000/0-0:94.44.128.8/4:06 s9000/0-0:94.44.0.3/6:09 s9000/0-0:94.44.128.7/6:09 "
     "s9000/0-0:94.44.128.6/6:09 s9000/0-0:94.44.128.8/6:09"
    ),
    # Set Load Limit Configuration Counter Reset; SRV 6.4.2; SMETS 5.6.3.25
    (0x0044, "ECS28b", "ES", "ru",
     "a3/0-0:94.44.42.255/1:0F"
    ),
    # Set Voltage Configurations on ESME; SRV 6.5; SMETS 5.7.4.6, SMETS 5.19.1.3, SMETS 5.7.4.35
    (0x0045, "ECS29a", "EN", "ru",
     "s7/1-0:32.24.0.255/4:06 s71/0-0:17.0.1.255/4:06 s71/0-0:17.0.1.255/6:06 "
     "s71/0-0:17.0.2.255/4:06 s71/0-0:17.0.2.255/6:06 s71/0-0:17.0.3.255/4:06 "
     "s71/0-0:17.0.3.255/6:06 s71/0-0:17.0.4.255/4:06 s71/0-0:17.0.4.255/6:06 "
     "s1/1-0:32.35.0.4/2:06 s1/1-0:32.31.0.4/2:06 a3/1-0:32.32.0.4/1:0F "
     "a3/1-0:32.36.0.4/1:0F"
    ),
    # Set Billing Calendar on the ESME; SRV 6.8
    (0x0046, "ECS30", "ES", "cru",
     "s22/0-0:15.0.0.255/4:01"
    ),
    # Set Instantaneous Power Threshold Configuration; SRV 6.12; SMETS 5.7.4.24, SMETS 5.7.4.29
    (0x0047, "ECS34", "ES", "u",
     "s21/0-0:16.0.0.255/2:01"
    ),
    # Read ESME Event Log; SRV 6.13; SMETS 5.7.5.16, SMETS 9.5.2.4, CHTS 4.6.3.8
    (0x0048, "ECS35a", "ESNB", "",
     "l7/0-0:99.98.0.255/2"
    ),
    # Read ESME Security Log; SRV 6.13; SMETS 5.7.5.31, SMETS 9.6.3.5, CHTS 4.6.3.11
    (0x0049, "ECS35b", "ESNB", "",
     "l7/0-0:99.98.1.255/2"
    ),
    # Set Maximum Demand Configurable Time Period; SRV 6.18.1; SMETS 5.7.4.26
    (0x004A, "ECS37", "EN", "ru",
     "s10/0-0:12.0.0.255/2:01"
    ),
    # Update Randomised Offset Limit; SRV 7.12; SMETS 5.7.4.33, SMETS 9.6.2.6
    (0x004B, "ECS38", "ES", "cru",
     "s1/0-0:94.44.0.1/2:12"
    ),
    # Set MPAN Value on the ESME; SRV 6.20.1; SMETS 5.7.4.28
    (0x004C, "ECS39a", "ES", "ru",
     "s1/0-0:94.44.34.11/2:09"
    ),
    # Set Export MPAN Value on the ESME; SRV 6.20.2; SMETS 5.7.4.28
    (0x004D, "ECS39b", "EB", "ru",
     "s1/1-0:0.0.2.255/2:09"
    ),
    # Read MPAN Value on the ESME; SRV 6.2.7; SMETS 5.7.4.28
    (0x004E, "ECS40", "ESNB", "",
     "g1/0-0:94.44.34.11/2 g1/1-0:0.0.2.255/2"
    ),
    # Remotely Close the Load Switch on the ESME; SRV 7.1; SMETS 5.6.3.12
    (0x004F, "ECS42", "ES", "cru",
     "a9/0-0:10.0.106.255/1:12"
    ),
    # Remotely Open the Load Switch on the ESME; SRV 7.2; SMETS 5.6.3.11
    (0x0050, "ECS43", "ES", "cru",
     "a9/0-0:10.0.106.255/1:12"
    ),
    # Arm Load Switch in ESME; SRV 7.3; SMETS 5.6.3.7
    (0x0051, "ECS44", "ES", "cru",
     "a9/0-0:10.0.106.255/1:12"
    ),
    # Read Status of Load Switch in the ESME; SRV 7.4; SMETS 5.7.5.32
    (0x0052, "ECS45", "ESNB", "",
     "g70/0-0:96.3.10.255/3"
    ),
    # Set Auxiliary Controller Descriptions; SRV 6.14.1; SMETS 5.7.4.3, SMETS 9.6.2.2
    (0x0053, "ECS46a", "ES", "cu",
     "s1/0-0:94.44.0.11/2:0A s1/0-0:94.44.0.12/2:0A s1/0-0:94.44.0.13/2:0A "
     "s1/0-0:94.44.0.14/2:0A s1/0-0:94.44.0.15/2:0A"
    ),
    # Set HC ALCS and ALCS configuration in ESME (excluding labels); SRV 6.14.2; SMETS 5.7.4.3,
    # SMETS 5.7.4.2
    (0x0054, "ECS46c", "ES", "crdu",
     "s1/0-0:94.44.0.21/2:09 s1/0-0:94.44.0.22/2:09 s1/0-0:94.44.0.23/2:09 "
     "s1/0-0:94.44.0.24/2:09 s1/0-0:94.44.0.25/2:09 s11/0-1:11.0.3.255/2:01 "
     "s10/0-1:12.0.2.255/2:01 s9000/0-0:94.44.128.26/6:09 s9000/0-0:94.44.128.35/6:09"
    ),
    # Set or Reset HC ALCS or ALCS State; SRV 7.5, 7.6, 7.8; SMETS 5.6.3.33, SMETS 5.23.1.1
    (0x0055, "ECS47", "ES", "cru",
     "s1/0-0:94.44.117.1/2:12 s1/0-0:94.44.117.2/2 s1/0-0:94.44.118.1/2 s1/0-0:94.44.118.2/2"
     " s1/0-0:94.44.119.1/2 s1/0-0:94.44.119.2/2:12 s1/0-0:94.44.120.1/2 "
     "s1/0-0:94.44.120.2/2 s1/0-0:94.44.121.1/2 s1/0-0:94.44.121.2/2 "
     "a9/0-0:10.0.103.255/1:12"
    ),
    # Send CIN to ESME; SRV 9.1; SMETS 5.7.4.10
    (0x0058, "ECS50", "EB", "ru",
     "s1/0-3:96.13.1.255/2:09"
    ),
    # Read ESME/SAPC/Comms Hub Firmware Version; SRV 11.2; SMETS 5.7.5.17, SMETS 9.6.3.3, CHTS
    # 4.6.3.4
    (0x0059, "ECS52", "ESNB", "",
     "g1/0-0:0.2.1.255/2"
    ),
    # Reset ESME Maximum Demand Registers; SRV 6.18.2; SMETS 5.6.3.26, SMETS 5.6.3.28, SMETS
    # 5.6.3.27
    (0x005A, "ECS57", "EN", "u",
     "a4/1-0:1.6.0.255/1:0F a4/1-0:1.6.1.255/1:0F a4/1-0:2.6.0.255/1:0F"
    ),
    # Read Boost Function Data; SRV 7.11; SMETS 5.26.1.1, SMETS 9.14.1.1, SMETS 5.26.3.1
    (0x005E, "ECS61c", "ESB", "",
     "g1/0-0:94.44.7.255/2 l7/0-0:99.98.20.255/2 g1/0-0:94.44.6.1/2 g1/0-0:94.44.6.2/2 "
     "g1/0-0:94.44.6.3/2 g1/0-0:94.44.6.4/2 g1/0-0:94.44.6.5/2"
    ),
    # Set ALCS/APC and Boost Function Association; SRV 7.10, 7.9; SMETS 5.26.2.1, SMETS 9.14.2.1
    (0x005F, "ECS62", "ES", "ru",
     "s1/0-0:94.44.6.1/2:03 s1/0-0:94.44.6.2/2:03 s1/0-0:94.44.6.3/2:03 "
     "s1/0-0:94.44.6.4/2:03 s1/0-0:94.44.6.5/2:03"
    ),
    # Read ESME Daily Consumption Log; SRV 4.17; SMETS 5.7.5.14, CHTS 4.6.3.7
    (0x0060, "ECS66", "ESNB", "",
     "p30/0-0:43.2.4.255/1>7/0-0:99.1.3.255/2"
    ),
    # Set Clock on ESME; SRV 6.11, 8.1.1; SMETS 5.6.3.32, SMETS 9.5.2.13, SMETS 5.5.1
    (0x0062, "ECS70", "ES", "cru",
     "s8/0-0:1.0.0.255/9:16 a8/0-0:1.0.0.255/5:02 a8/0-0:1.0.0.255/4:0F g8/0-0:1.0.0.255/2 "
     "g8/0-0:1.0.0.255/4"
    ),
    # Set Supply Tamper State on ESME; SRV 6.25; SMETS 5.7.4.44
    (0x0068, "ECS81", "ES", "cru",
     "s1/0-0:94.44.0.4/2:03"
    ),
    # Read Meter Balance for ESME; SRV 4.18; SMETS 5.7.5.22
    (0x0069, "ECS82", "ES", "",
     "g112/0-0:19.10.0.255/2"
    ),
    # Set Price on ESME; SRV 1.2.1; SMETS 5.7.4.42, SMETS 5.7.4.47, SMETS 5.7.4.50
    (0x00A2, "ECS01b", "ES", "crdu",
     "s113/0-0:19.20.4.255/6:02 s113/0-0:19.20.0.255/6:02 s113/0-0:19.20.4.255/7:09 "
     "s113/0-0:19.20.0.255/7:09"
    ),
    # Set Alert Behaviours - ESME - Supplier; SRV 6.22; SMETS 5.7.4.1
    (0x00AC, "ECS25a", "ES", "u",
     "s1/0-30:97.98.11.255/2:04"
    ),
    # Set Voltage Configurations on ESME - 3ph; SRV 6.5; SMETS 5.7.4.6, SMETS 5.19.1.3, SMETS
    # 5.7.4.35
    (0x00AE, "ECS29b", "EN", "ru",
     "s7/1-0:32.24.0.255/4:06 s7/1-0:52.24.0.255/4:06 s7/1-0:72.24.0.255/4:06 "
     "s71/0-0:17.0.1.255/4:06 s71/0-0:17.0.1.255/6:06 s71/0-0:17.0.2.255/4:06 "
     "s71/0-0:17.0.2.255/6:06 s71/0-0:17.0.3.255/4:06 s71/0-0:17.0.3.255/6:06 "
     "s71/0-0:17.0.4.255/4:06 s71/0-0:17.0.4.255/6:06 s1/1-0:32.35.0.4/2:06 "
     "s1/1-0:32.31.0.4/2:06 s1/1-0:52.31.0.4/2:06 s1/1-0:52.35.0.4/2:06 "
     "s1/1-0:72.31.0.4/2:06 s1/1-0:72.35.0.4/2:06 a3/1-0:32.32.0.4/1:0F "
     "a3/1-0:32.36.0.4/1:0F a3/1-0:52.32.0.4/1:0F a3/1-0:52.36.0.4/1:0F "
     "a3/1-0:72.32.0.4/1:0F a3/1-0:72.36.0.4/1:0F"
    ),
    # Set Alert Behaviours - ESME - Network Operator; SRV 6.22; SMETS 5.7.4.1
    (0x00B0, "ECS25b", "EN", "u",
     "s1/0-33:97.98.11.255/2:04"
    ),
    # Reset Meter Balance on the ESME; SRV 1.5; SMETS 5.6.3.29
    (0x00B3, "ECS04b", "ES", "cru",
     "a112/0-0:19.10.0.255/2:05 a112/0-0:19.10.1.255/2:05 a112/0-0:19.10.2.255/2:05"
    ),
    # Set Tariff and Price on ESME secondary; SRV 1.1.2; SMETS 5.13.1.1, SMETS 5.13.1.2, SMETS
    # 5.7.4.48
    (0x00B7, "ECS01c", "ES", "crdu",
     "s113/0-0:19.20.5.255/6:02 s20/0-0:13.0.1.255/7:01 s20/0-0:13.0.1.255/8:01 "
     "s20/0-0:13.0.1.255/9:01 s11/0-1:11.0.1.255/2:01 s20/0-0:13.0.1.255/10:09 "
     "s113/0-0:19.20.5.255/7:09 s9000/0-0:94.44.128.30/6:09"
    ),
    # Read ESME Power Event Log; SRV 6.13; SMETS 5.7.5.25
    (0x00B9, "ECS35e", "ESNB", "",
     "l7/0-0:99.98.4.255/2"
    ),
    # Read ALCS Event Log; SRV 6.13; SMETS 5.7.5.6
    (0x00BA, "ECS35f", "ES", "",
     "l7/0-17:99.98.2.255/2"
    ),
    # Read HC ALCS and ALCS Data from ESME; SRV 7.7; SMETS 5.23.1.1, SMETS 5.7.4.3, SMETS 5.7.4.2
    (0x00BB, "ECS61a", "ESB", "",
     "g1/0-0:94.44.0.11/2 g1/0-0:94.44.0.12/2 g1/0-0:94.44.0.13/2 g1/0-0:94.44.0.14/2 "
     "g1/0-0:94.44.0.15/2 g1/0-0:94.44.0.21/2 g1/0-0:94.44.0.22/2 g1/0-0:94.44.0.23/2 "
     "g1/0-0:94.44.0.24/2 g1/0-0:94.44.0.25/2 g11/0-0:11.0.3.255/2 g10/0-0:12.0.2.255/2 "
     "g70/0-1:96.3.10.255/2 g70/0-2:96.3.10.255/2 g70/0-3:96.3.10.255/2 "
     "g70/0-4:96.3.10.255/2 g70/0-5:96.3.10.255/2"
    ),
    # Read Voltage Operational Data -3 Phase; SRV 4.10; SMETS 5.7.5.8, SMETS 5.19.2.2, SMETS
    # 5.7.5.7
    (0x00BC, "ECS23b", "ESNB", "d",
     "g3/1-0:32.32.0.4/2 g3/1-0:32.32.0.4/3 g3/1-0:32.36.0.4/2 g3/1-0:32.36.0.4/3 "
     "l7/1-0:32.24.0.255/2 g7/1-0:32.24.0.255/4 g3/1-0:52.32.0.4/2 g3/1-0:52.32.0.4/3 "
     "g3/1-0:52.36.0.4/2 g3/1-0:52.36.0.4/3 l7/1-0:52.24.0.255/2 g7/1-0:52.24.0.255/4 "
     "g3/1-0:72.32.0.4/2 g3/1-0:72.32.0.4/3 g3/1-0:72.36.0.4/2 g3/1-0:72.36.0.4/3 "
     "l7/1-0:72.24.0.255/2 g7/1-0:72.24.0.255/4"
    ),
    # Read ESME Tariff Data - second element; SRV 4.11.2; SMETS 5.13.1.1, SMETS 5.13.2.9, SMETS
    # 5.13.1.2
    (0x00BD, "ECS24b", "ESB", "",
     "g113/0-0:19.20.5.255/5 g3/0-0:94.44.1.8/2 g3/0-0:94.44.1.8/3 g11/0-0:11.0.1.255/2 "
     "g20/0-0:13.0.1.255/3 g20/0-0:13.0.1.255/4 g20/0-0:13.0.1.255/5"
    ),
    # Read ESME Configuration Data Device Information (Payment Mode); SRV 6.2.9; SMETS 5.7.4.31
    (0x00BE, "ECS26j", "ESB", "",
     "g111/0-0:19.0.0.255/2"
    ),
    # Clear Auxiliary Controller Event Log; SRV 3.3; SMETS 5.6.3.8, SMETS 9.5.2.3
    (0x00C1, "ECS15c", "ES", "u",
     "a7/0-17:99.98.2.255/1:0F"
    ),
    # Read ESME Configuration Voltage Data - 3 phase; SRV 6.2.1; SMETS 5.7.4.35, SMETS 5.7.4.34,
    # SMETS 5.7.4.37
    (0x00C6, "ECS26k", "ESNB", "",
     "g71/0-0:17.0.1.255/4 g71/0-0:17.0.1.255/6 g71/0-0:17.0.2.255/4 g71/0-0:17.0.2.255/6 "
     "g71/0-0:17.0.3.255/4 g71/0-0:17.0.3.255/6 g71/0-0:17.0.4.255/4 g71/0-0:17.0.4.255/6 "
     "g1/1-0:32.35.0.4/2 g1/1-0:32.31.0.4/2 g1/1-0:52.31.0.4/2 g1/1-0:52.35.0.4/2 "
     "g1/1-0:72.31.0.4/2 g1/1-0:72.35.0.4/2"
    ),
    # Set Price on ESME secondary; SRV 1.2.2; SMETS 5.13.1.1
    (0x00C7, "ECS01d", "ES", "crdu",
     "s113/0-0:19.20.5.255/6:02 s113/0-0:19.20.5.255/7:09"
    ),
    # Read ESME Billing Data Log (prepayment credits); SRV 4.4.5; SMETS 5.7.5.10, SMETS 5.13.2.3
    (0x00C9, "ECS20d", "ESB", "",
     "l7/0-0:98.1.5.255/2"
    ),
    # Set Voltage Configurations on ESME without counter reset; SRV 6.5; SMETS 5.7.4.5, SMETS
    # 5.19.1.2, SMETS 5.7.4.4
    (0x00D1, "ECS29c", "EN", "ru",
     "s1/1-0:32.31.0.4/2:06 s1/1-0:32.35.0.4/2:06 s7/1-0:32.24.0.255/4:06 "
     "s71/0-0:17.0.1.255/4:06 s71/0-0:17.0.1.255/6:06 s71/0-0:17.0.2.255/4:06 "
     "s71/0-0:17.0.2.255/6:06 s71/0-0:17.0.3.255/4:06 s71/0-0:17.0.3.255/6:06 "
     "s71/0-0:17.0.4.255/4:06 s71/0-0:17.0.4.255/6:06"
    ),
    # Set Voltage Configurations on polyphase ESME without counter reset; SRV 6.5; SMETS 5.7.4.5,
    # SMETS 5.19.1.2, SMETS 5.7.4.4
    (0x00D2, "ECS29d", "EN", "ru",
     "s1/1-0:32.31.0.4/2:06 s1/1-0:32.35.0.4/2:06 s1/1-0:52.31.0.4/2:06 "
     "s1/1-0:52.35.0.4/2:06 s1/1-0:72.31.0.4/2:06 s1/1-0:72.35.0.4/2:06 "
     "s7/1-0:32.24.0.255/4:06 s7/1-0:52.24.0.255/4:06 s7/1-0:72.24.0.255/4:06 "
     "s71/0-0:17.0.1.255/4:06 s71/0-0:17.0.1.255/6:06 s71/0-0:17.0.2.255/4:06 "
     "s71/0-0:17.0.2.255/6:06 s71/0-0:17.0.3.255/4:06 s71/0-0:17.0.3.255/6:06 "
     "s71/0-0:17.0.4.255/4:06 s71/0-0:17.0.4.255/6:06"
    ),
    # Reset RMS Voltage Counters on ESME; SRV 6.27; SMETS 5.6.3.23, SMETS 5.18.1.2, SMETS 5.6.3.22
    (0x00D3, "ECS29e", "EN", "ru",
     "a3/1-0:32.32.0.4/1:0F a3/1-0:32.36.0.4/1:0F"
    ),
    # Reset RMS Voltage Counters on polyphase ESME; SRV 6.27; SMETS 5.6.3.23, SMETS 5.18.1.2,
    # SMETS 5.6.3.22
    (0x00D4, "ECS29f", "EN", "ru",
     "a3/1-0:32.32.0.4/1:0F a3/1-0:32.36.0.4/1:0F a3/1-0:52.32.0.4/1:0F "
     "a3/1-0:52.36.0.4/1:0F a3/1-0:72.32.0.4/1:0F a3/1-0:72.36.0.4/1:0F"
    ),
    # Set Billing Calendar on the ESME - all periodicities; SRV 6.8; SMETS 5.7.4.7
    (0x00D7, "ECS30a", "ES", "cru",
     "s22/0-0:15.0.0.255/4:01"
    ),
    # Read ESME Configuration Data Device Information (Billing Calendar - all periodicities); SRV
    # 6.2.3; SMETS 5.7.4.7
    (0x00D9, "ECS26l", "ESB", "",
     "g22/0-0:15.0.0.255/4"
    ),
    # Configure daily resetting of Tariff Block Counter Matrix; SRV 6.26; SMETS 5.7.4.7
    (0x00DB, "ECS48", "ES", "cru",
     "s22/0-0:15.1.0.255/4:01"
    ),
    # Update Prepayment Configuration on ESME; SRV 2.1; SMETS 5.7.4.30, SMETS 5.7.4.27, SMETS
    # 5.7.4.25
    (0x00DE, "ECS08a", "ES", "crdu",
     "s11/0-1:11.0.2.255/2:01 s9000/0-0:94.44.2.20/4:05 s9000/0-0:94.44.2.10/4:05 "
     "s10/0-1:12.0.1.255/2:01 s9000/0-0:94.44.128.12/4:12 s9000/0-0:94.44.128.13/4:05 "
     "s9000/0-0:94.44.128.9/4:05 s9000/0-0:94.44.128.2/4:05 s9000/0-0:94.44.128.31/6:09 "
     "s9000/0-0:94.44.128.3/4:05 s9000/0-0:94.44.2.20/6:09 s9000/0-0:94.44.2.10/6:09 "
     "s9000/0-0:94.44.128.12/6:09 s9000/0-0:94.44.128.13/6:09 s9000/0-0:94.44.128.9/6:09 "
     "s9000/0-0:94.44.128.2/6:09 s9000/0-0:94.44.128.3/6:09 s9000/0-0:94.44.128.28/6:09"
    ),
    # Set Event Behaviours - ESME to HAN Device - Supplier; SRV 6.22; SMETS 5.7.4.1
    (0x00EA, "ECS25a1", "ES", "u",
     "s1/0-30:97.98.12.255/2:04"
    ),
    # Set Event Behaviours - ESME audible alarm - Supplier; SRV 6.22; SMETS 5.7.4.51
    (0x00EB, "ECS25a2", "ES", "u",
     "s1/0-30:97.98.13.255/2:04"
    ),
    # Set Event Behaviours - ESME logging - Supplier; SRV 6.22; SMETS 5.7.4.51
    (0x00EC, "ECS25a3", "ES", "u",
     "s1/0-30:97.98.14.255/2:04"
    ),
    # Set Event Behaviours - ESME logging - Network Operator; SRV 6.22; SMETS 5.7.4.51
    (0x00ED, "ECS25b3", "EN", "u",
     "s1/0-33:97.98.14.255/2:04"
    ),
    # Read non-critical event and alert behaviours - ESME- Supplier; SRV 6.2.10; SMETS 5.7.4.1,
    # SMETS 5.7.4.51
    (0x00EE, "ECS25r1", "ES", "",
     "g1/0-30:97.98.15.255/2 g1/0-30:97.98.16.255/2 g1/0-30:97.98.17.255/2 "
     "g1/0-30:97.98.18.255/2"
    ),
    # Read non-critical event and alert behaviours - ESME- Network Operator; SRV 6.2.10; SMETS
    # 5.7.4.1, SMETS 5.7.4.51
    (0x00EF, "ECS25r2", "EN", "",
     "g1/0-33:97.98.15.255/2 g1/0-33:97.98.18.255/2"
    ),
    # Read ESME Configuration Data Device Information (identity, type and supply tamper state);
    # SRV 6.2.4; SMETS 5.7.1.4, SMETS 5.7.1.3, SMETS 9.6.1.3
    (0x00F9, "ECS26m", "ESNB", "",
     "g1/0-0:96.1.2.255/2 g1/0-0:96.1.4.255/2 g1/0-0:96.1.6.255/2 g1/0-0:94.44.0.4/2"
    ),
    # Read Auxiliary Controller Event Log; SRV 6.13; SMETS 5.7.5.6, SMETS 9.6.3.1
    (0x00FD, "ECS35g", "ESNL", "",
     "l7/0-17:99.98.2.255/2"
    ),
    # Set Auxiliary Controller Calendar; SRV 6.14.3; SMETS 5.7.4.2, SMETS 9.6.2.1
    (0x011A, "ECS46d", "ES", "crdu",
     "s11/0-1:11.0.3.255/2:01 s10/0-1:12.0.2.255/2:01 s9000/0-0:94.44.128.26/6:09 "
     "s9000/0-0:94.44.128.35/6:09"
    ),
    # Read Auxiliary Controller Configuration Data; SRV 7.14; SMETS 5.7.4.3, SMETS 9.6.2.2, SMETS
    # 5.7.4.2
    (0x011C, "ECS61d", "ESNBL", "",
     "g1/0-0:94.44.0.11/2 g1/0-0:94.44.0.12/2 g1/0-0:94.44.0.13/2 g1/0-0:94.44.0.14/2 "
     "g1/0-0:94.44.0.15/2 g11/0-0:11.0.3.255/2 g10/0-0:12.0.2.255/2"
    ),
    # Read Auxiliary Controller Operational Data; SRV 7.15; SMETS 5.7.5.38, SMETS 9.6.3.7, SMETS
    # 5.7.5.37
    (0x011D, "ECS61e", "ESNBL", "",
     "g1/0-0:94.44.0.21/2 g1/0-0:94.44.0.22/2 g1/0-0:94.44.0.23/2 g1/0-0:94.44.0.24/2 "
     "g1/0-0:94.44.0.25/2 g1/0-0:94.44.0.31/2 g1/0-0:94.44.0.32/2 g1/0-0:94.44.0.33/2 "
     "g1/0-0:94.44.0.34/2 g1/0-0:94.44.0.35/2"
    ),
    # Set Auxiliary Controller [n] State; SRV 7.13; SMETS 5.6.3.33, SMETS 5.22.2.4, SMETS 5.29.1.2
    (0x011E, "ECS47a", "ES", "cru",
     "s1/0-0:94.44.117.1/2:09 s1/0-0:94.44.117.2/2:09 s1/0-0:94.44.118.1/2 "
     "s1/0-0:94.44.118.2/2 s1/0-0:94.44.119.1/2:09 s1/0-0:94.44.119.2/2:09 "
     "s1/0-0:94.44.120.1/2 s1/0-0:94.44.120.2/2 s1/0-0:94.44.121.1/2:09 "
     "s1/0-0:94.44.121.2/2:09 a9/0-0:10.0.103.255/1:12"
    ),
    # Limit APC [n] Level; SRV 7.16; SMETS 5.29.1.1, SMETS 9.5.2.16
    # S: the test keys of RTDS name their load controller a supplier.
    (0x011F, "ECS47e", "EL", "cru",
     "s1/0-0:94.44.117.3/2 s1/0-0:94.44.117.4/2 s1/0-0:94.44.118.3/2 s1/0-0:94.44.118.4/2 "
     "s1/0-0:94.44.119.3/2:09 s1/0-0:94.44.119.4/2:09 s1/0-0:94.44.120.3/2 "
     "s1/0-0:94.44.120.4/2 s1/0-0:94.44.121.3/2:09 s1/0-0:94.44.121.4/2:09 "
     "a9/0-0:10.0.107.255/1:12"
    ),
)
