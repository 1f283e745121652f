# Use cases in ASN.1: the engine. A row's body names its function, "@module.function" of
# smets.gbcs; it checks the payload and returns the function that acts and gives the answer.


class Call:
    """One command to carry out: its payload, who asks, the device and its keys."""

    def __init__(self, command, use_case, party, device, keys):
        self.payload = command.payload
        self.counter = int.from_bytes(command.counter, "big")
        self.code = command.code
        self.use_case = use_case
        self.party = party
        self.device = device
        self.keys = keys


def prepare(call: Call):
    """The function that carries the command out and returns the DER of the answer.

    DecodeError where the payload is not that of the use case: nothing has happened then.
    """
    module, _, name = call.use_case.body[1:].partition(".")
    if module == "credentials":
        from smets.gbcs import credentials as found
    elif module == "postponed":
        from smets.gbcs import postponed as found
    elif module == "joining":
        from smets.gbcs import joining as found
    elif module == "own_certificates":
        from smets.gbcs import own_certificates as found
    elif module == "setting_clock":
        from smets.gbcs import setting_clock as found
    else:
        from smets.gbcs import activation as found
    return getattr(found, name)(call)
