# The ASN.1 use case GCS28: the interval in which the hub's time must lie for the clock to take it.
from smets.codec import DecodeError
from smets.gbcs import der, policy, times


def set_clock(call):
    """GCS28: {start, end} of the interval in which the time is valid."""
    items = der.whole(call.payload, der.SEQUENCE).items()
    if len(items) != 2:
        raise DecodeError(0, "Set Clock")
    interval = [times.moment(item) for item in items]

    def act():
        own = call.device.clock
        status = call.device.feature("gas_clock").confirm(interval, policy.time_taken)
        call.device.exchange.failed = status != 0
        return der.sequence(times.format_moment(own.seconds), der.integer(status))

    return act
