# The server side of clusters: attribute values, what cluster commands return, faults.
# Values are kept as the octets that are sent (type, then value): small, and nothing to encode.
from smets.codec import DecodeError, Reader
from smets.zcl import frame, types

# A device cannot carry this out: the attribute or command is not in its tables or its state.
ABSENT = frame.UNSUPPORTED_ATTRIBUTE


class Server:
    """Attributes and commands of the clusters of one device.

    `attributes`  cluster -> attribute -> type octet and value octets
    `faults`      cluster -> attribute -> status that reading it gives
    `commands`    (cluster, direction bit, command) -> handler(frame, from_date_time)
    A handler returns a status, or a list of response payloads (each one response frame).
    """

    def __init__(self):
        self.attributes = {}
        self.faults = {}
        self.commands = {}
        self.command_faults = {}  # (cluster, command) -> status

    def set(self, cluster: int, attribute: int, type_id: int, value):
        """Set an attribute value; ValueError where it does not fit its type."""
        octets = bytes((type_id,)) + types.encode(type_id, value)
        self.attributes.setdefault(cluster, {})[attribute] = octets

    def get(self, cluster: int, attribute: int):
        """The value of an attribute, or None where it has none."""
        octets = self.attributes.get(cluster, {}).get(attribute)
        if octets is None:
            return None
        return types.read_value(Reader(octets, 1), octets[0])

    def status(self, cluster: int, attribute: int) -> int:
        """What reading an attribute gives, apart from its value."""
        fault = self.faults.get(cluster, {}).get(attribute)
        if fault is not None:
            return fault
        known = attribute in self.attributes.get(cluster, {})
        return frame.SUCCESS if known else ABSENT

    def read(self, cluster: int, request, writer) -> int:
        """Write the records of a Read Attributes Response, in the order asked for.

        `request` is the payload of Read Attributes. Returns the first status that is not
        SUCCESS, else SUCCESS. DecodeError where the payload is empty or of odd length.
        """
        reader = Reader(request)
        if not reader.left() or reader.left() % 2:
            raise DecodeError(reader.left(), "attribute ids cut short")
        worst = frame.SUCCESS
        values = self.attributes.get(cluster, {})
        while reader.left():
            attribute = reader.le(2, "attribute id")
            status = self.status(cluster, attribute)
            writer.le(attribute, 2)
            writer.u8(status)
            if status == frame.SUCCESS:
                writer.put(values[attribute])
            elif worst == frame.SUCCESS:
                worst = status
        return worst

    def execute(self, cluster: int, request, from_date_time=None):
        """Carry out a cluster command: a status, or a list of response payloads.

        `from_date_time` is the GBZ From Date Time, UTC seconds since 2000, where one is given.
        """
        side = request.frame_control & frame.SERVER_TO_CLIENT
        handler = self.commands.get((cluster, side, request.command))
        if handler is None:
            fault = self.command_faults.get((cluster, request.command))
            return frame.UNSUP_CLUSTER_COMMAND if fault is None else fault
        return handler(request, from_date_time)
