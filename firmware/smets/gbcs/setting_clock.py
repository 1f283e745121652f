# The ASN.1 use case GCS28: the interval in which the time is valid sets the clock.
from smets import clock
from smets.codec import DecodeError
from smets.gbcs import der, policy, times


def set_clock(call):
    """GCS28: {start, end} of the interval in which the time is valid."""
    items = der.whole(call.payload, der.SEQUENCE).items()
    if len(items) != 2:
        raise DecodeError(0, "Set Clock")
    start, end = [times.moment(item) for item in items]

    def act():
        own = call.device.clock
        status = clock.UNRELIABLE
        if own.status != clock.INVALID and start <= own.seconds <= end:
            if call.device.store:
                call.device.store.undo(lambda before: own.set(*before), (own.seconds, own.status))
            own.set(policy.time_taken(start, end, own.seconds), clock.RELIABLE)
            status = clock.RELIABLE
        if own.status == clock.INVALID:
            status = clock.INVALID
        return der.sequence(times.format_moment(own.seconds), der.integer(status))

    return act
