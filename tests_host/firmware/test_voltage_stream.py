# engines: cpython unix
# A full log leaves a meter whose heap could hold neither the rows nor the message.
from vectors import OPERATOR, access_request, command, h
from voltage_meter import Meter, ecs23

ECS23 = 0x0039


def test_f51_full_log():
    """spec: 4,320 entries are 34,560 octets of rows; one more, and the oldest is gone (f47)."""
    meter = Meter(phases=1)
    meter.fill(0, 4321, 1000, 30)
    elements = ecs23()
    data = command(ECS23, access_request(elements, 7), 7, OPERATOR)
    response = meter.session.handle(data)
    assert response.length == 34692
    size = 0
    largest = 0
    head = b""
    for chunk in response.chunks():
        largest = max(largest, len(chunk))
        if size < 200:
            head += bytes(chunk)
        size += len(chunk)
    assert size == 34692 and largest <= 512
    at = head.find(h("13 0202 06 06 82 8700"))
    assert at > 0
    first = head[at + 8 : at + 16]
    assert first == (1030).to_bytes(4, "big") + (1).to_bytes(4, "big")
