# Use cases in ASN.1: credentials, joining, clock, certificates, firmware.
# From RTDS 4.5.0 bytes; the GBCS 4.0 tables have no body for them.
# fmt: off

# Each row: message code, use case, targets with roles, flags, function (see use_cases.py).
ROWS = (
    # Provide Security Credentials Details; SRV 6.24.1
    (0x0008, "CS02a", "EBT GBT PBT HBT", "v", "@credentials.provide"),
    # Issue Security Credentials; SRV 6.17
    (0x000A, "CS02c", "ES GS PS", "cru", "@own_certificates.request_certificate"),
    # Update Device Certificates on Device; SRV 6.15.2
    (0x000B, "CS02d", "ES GS PS", "cru", "@own_certificates.take_certificate"),
    # Provide Device Certificates from Device; SRV 6.24.2
    (0x000C, "CS02e", "ES GS PS", "c", "@own_certificates.read_certificate"),
    # Method A Join (Meter); SRV 8.7.1
    (0x000D, "CS03A1", "ES", "cru", "@joining.join"),
    # Method B Join; SRV 8.7.2
    (0x000E, "CS03B", "GSb", "ru", "@joining.join"),
    # Method A or C Unjoin; SRV 8.8.1
    (0x000F, "CS04AC", "ES GS DSb", "cru", "@joining.unjoin"),
    # Method B Unjoin; SRV 8.8.2
    (0x0010, "CS04B", "GS", "ru", "@joining.unjoin"),
    # Activate Firmware; SRV 11.3
    (0x0012, "CS06", "ES GS", "crdu", "@activation.activate_firmware"),
    # Read Device Join Details; SRV 8.9
    (0x0013, "CS07", "GSb", "", "@joining.read_log"),
    # Set Clock on GSME; SRV 6.11, 8.1.1
    (0x007F, "GCS28", "GS", "cru", "@setting_clock.set_clock"),
    # Restore GPF Device Log; SRV 8.12.2
    (0x008C, "GCS59", "PB", "ru", "@joining.restore_log"),
    # Method A Join (non Meter); SRV 8.7.1, 8.7.2
    (0x00AB, "CS03A2", "LSb DSb", "cru", "@joining.join"),
    # Method C Join; SRV 8.7.1, 8.7.2
    (0x00AF, "CS03C", "GS DSb", "cru", "@joining.join"),
    # Update Security Credentials; SRV 6.15.1, 6.21, 6.23, 8.5
    (0x0102, "CS02b-supplierBySupplier", "ESB GSB PSB", "crdu",
     "@postponed.replace"),
    (0x0103, "CS02b-networkOperatorByNetworkOperator", "ENB GNB PNB", "crdu",
     "@postponed.replace"),
    (0x0104, "CS02b-accessControlBrokerByACB", "EB GB PB HB", "srdu", "@postponed.replace"),
    (0x0105, "CS02b-wanProviderByWanProvider", "HW", "crdu", "@postponed.replace"),
    (0x0106, "CS02b-transCoSByTransCoS", "ET GT PT", "crdu", "@postponed.replace"),
    (0x0107, "CS02b-supplierByTransCoS", "ET GT PT", "crdu", "@postponed.replace"),
    # By recovery the command is signed and has no MAC.
    (0x0108, "CS02b-anyExceptAbnormalRootByRecovery", "ER GR PR HR", "cordu",
     "@postponed.replace"),
    # Provide Security Credential Details; SRV 6.24.1
    (0x011B, "CS02f", "ESBT CSBT", "v", "@credentials.provide"),
    # Update Load Controller Security Credentials
    (0x0125, "CS02g-loadControllerByLoadController", "CL", "crdu", "@postponed.replace"),
    # Update Load Controller Security Credentials; SRV 6.15.1
    (0x0126, "CS02g-loadControllerBySupplier", "ES", "crdu", "@postponed.replace"),
    # Read PPMID/HCALCS Firmware Version; SRV 11.2
    (0x0129, "CS08", "LSb DSb", "", "@activation.read_version"),
)
