# GBCS messages of remote parties: headers, GBZ payload, keys, use cases, the session.
