"""DUIS, the interface of service users to the DCC: requests, what they become, XML signatures."""
