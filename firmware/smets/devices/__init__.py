# Device roles: which tables and which features each is made of.
