# ASN.1 use cases of the device's own certificates: CS02c, CS02d and CS02e. It makes no key pairs.
from smets.codec import DecodeError
from smets.gbcs import der


def _usage(call):
    items = der.whole(call.payload, der.SEQUENCE).items()
    if len(items) != 1 or items[0].tag != der.BIT_STRING:
        raise DecodeError(0, "keyUsage")
    return items[0].octets()


def request_certificate(call):
    """CS02c: the device makes no key pairs, so no certification request: cRProductionFailed."""
    _usage(call)
    return lambda: der.integer(3)


def read_certificate(call):
    """CS02e: the device holds keys and no certificates: certificateRetrievalFailure."""
    _usage(call)
    return lambda: der.integer(3)


def take_certificate(call):
    """CS02d: for a key pair that was never asked for: noCorrespondingKeyPairGenerated."""
    from smets.gbcs.certificate import Certificate

    certificate = der.whole(call.payload)

    def act():
        try:
            Certificate(certificate)
        except DecodeError:
            return der.integer(1)
        return der.integer(4)

    return act
