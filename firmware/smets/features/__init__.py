# Behaviour of devices, apart from any protocol: mirrors, tenancy, voltage, logs.
