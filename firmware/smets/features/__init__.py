# What devices do, apart from any protocol: mirrors, tenancy, voltage, logs.
