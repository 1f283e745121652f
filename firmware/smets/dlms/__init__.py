# DLMS/COSEM as GBCS uses it: A-XDR data, Access-Request and Access-Response, object tables.
