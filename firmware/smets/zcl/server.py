# The server side of clusters: attribute values, what cluster commands return, faults.
# Values are kept as the octets that are sent (type, then value): small, and nothing to encode.
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.settings import Settings
from smets.zcl import clusters, commands, frame, types
from smets.zcl.attribute_key import ATTRIBUTE, attribute_key

# A device cannot carry this out: the attribute or command is not in its tables or its state.
ABSENT = frame.UNSUPPORTED_ATTRIBUTE

# Where the UTC time of what a published log holds stands: (cluster, response command) -> offset.
_SNAPSHOT = const(4)  # TotalSnapshotsFound comes next
_TIME_AT = {
    (clusters.METERING, commands.PUBLISH_SNAPSHOT): _SNAPSHOT,  # SnapshotTime
    (clusters.METERING, commands.GET_SAMPLED_DATA_RESPONSE): 2,  # SampleStartTime
    (clusters.PREPAYMENT, commands.PUBLISH_PREPAY_SNAPSHOT): _SNAPSHOT,  # SnapshotTime
    (clusters.MESSAGING, commands.DISPLAY_MESSAGE): 5,  # Start Time
}


class Server:
    """Attributes and commands of the clusters of one device.

    What no feature serves is a value: it is kept as it was set or loaded.

    `attributes`  cluster -> attribute -> type octet and value octets
    `faults`      cluster -> attribute -> status that reading it gives
    `published`   (cluster, response command) -> payloads: snapshots, logs, calendars
    `settings`    smets.settings.Settings: what use cases set; see zcl/kept.py for its keys
    A command gives a status, or a list of response payloads (each one response frame).
    """

    def __init__(self, registry=None):
        """`registry` (smets.features.registry) knows which feature serves what."""
        self.attributes = {}
        self.faults = {}
        self.command_faults = {}  # (cluster, command) -> status
        self.published = {}
        self.registry = registry
        self.settings = Settings()
        self.asked = []  # (cluster, attribute ids) that the command at hand has read
        self.old = False  # whether octets are those of GBCS 3.1 (gbcs/versions.py)
        self.failed = False  # whether a component of the last command could not be carried out

    # --- What use cases set --------------------------------------------------------------------

    def keep_in(self, settings):
        """Let what use cases set be kept in `settings`; what it holds is served from now on."""
        self.settings = settings
        settings.serve(ATTRIBUTE, self._take)

    def _take(self, place, value):
        cluster, attribute = (int.from_bytes(place[at : at + 2], "big") for at in (0, 2))
        values = self.attributes.setdefault(cluster, {})
        before = values.get(attribute)
        values[attribute] = value
        return values, attribute, before

    # --- States --------------------------------------------------------------------------------

    def publish(self, cluster: int, command: int, payload):
        """Take what a cluster command returns from a state: one more payload; StoreError."""
        if self.settings.values:
            from smets.zcl import kept

            for sort in kept.SORTS:
                self._loadable(kept.key(kept.PUBLISHED, cluster, command, sort))
        self.published.setdefault((cluster, command), []).append(payload)

    def _loadable(self, place) -> bool:
        replaying = self.registry is not None and self.registry.replaying
        return self.settings.loadable(place, replaying)

    def set(self, cluster: int, attribute: int, type_id: int, value):
        """Set an attribute value; ValueError where it does not fit its type."""
        octets = bytes((type_id,)) + types.encode(type_id, value)
        self.attributes.setdefault(cluster, {})[attribute] = octets

    def check(self, cluster: int, attribute: int, type_id: int, value):
        """Check an attribute value of a state: ValueError where `load` cannot take it."""
        octets = types.encode(type_id, value)
        registry = self.registry
        feature = registry.of_attribute(cluster, attribute) if registry else None
        if feature is not None and registry is not None and registry.gives(feature):
            read = types.read_value(Reader(octets), type_id)
            if not isinstance(read, int) and not feature.texts:
                raise ValueError("not an integer, which this attribute is")
            feature.fits_attribute(cluster, attribute, read)

    def load(self, cluster: int, attribute: int, type_id: int, value):
        """Take an attribute value of a state; ValueError, StoreError."""
        self.check(cluster, attribute, type_id, value)
        registry = self.registry
        feature = registry.of_attribute(cluster, attribute) if registry else None
        if feature is None:
            self._stand(cluster, attribute, type_id, value)
        elif registry is not None and registry.gives(feature):
            read = types.read_value(Reader(types.encode(type_id, value)), type_id)
            if not feature.load_attribute(cluster, attribute, read):
                self._stand(cluster, attribute, type_id, value)

    def _stand(self, cluster, attribute, type_id, value):
        """Let the value of a state stand for an attribute."""
        if self._loadable(attribute_key(cluster, attribute)):
            self.set(cluster, attribute, type_id, value)

    def octets(self, cluster: int, attribute: int):
        """Type octet and value octets of an attribute, or None where it has none."""
        octets = self.attributes.get(cluster, {}).get(attribute)
        if octets is None and self.registry:
            feature = self.registry.of_attribute(cluster, attribute)
            if feature is not None:
                octets = feature.attribute(cluster, attribute)
        return octets

    def serves(self, cluster: int, attribute: int) -> bool:
        """Whether a feature works an attribute out."""
        registry = self.registry
        return registry is not None and registry.of_attribute(cluster, attribute) is not None

    def get(self, cluster: int, attribute: int):
        """The value of an attribute, or None where it has none."""
        octets = self.octets(cluster, attribute)
        return None if octets is None else types.read_value(Reader(octets, 1), octets[0])

    def status(self, cluster: int, attribute: int) -> int:
        """The outcome of reading an attribute, apart from its value."""
        fault = self.faults.get(cluster, {}).get(attribute)
        if fault is not None:
            return fault
        return ABSENT if self.octets(cluster, attribute) is None else frame.SUCCESS

    def read(self, cluster: int, request, writer, from_han: bool = False) -> int:
        """Write the records of a Read Attributes Response, in the order asked for.

        `request` is the payload of Read Attributes. A device of the HAN gets "not available" for
        what a change of tenancy hides. Returns the first status that is not
        SUCCESS, else SUCCESS. DecodeError where the payload is empty or of odd length.
        """
        reader = Reader(request)
        if not reader.left() or reader.left() % 2:
            raise DecodeError(reader.left(), "attribute ids cut short")
        worst = frame.SUCCESS
        while reader.left():
            attribute = reader.le(2, "attribute id")
            status = self.faults.get(cluster, {}).get(attribute)
            octets = None
            if status is None:
                octets = self.octets(cluster, attribute)
                if octets is not None and from_han and self._hides(cluster, attribute):
                    octets = _not_available(octets[0])
                status = ABSENT if octets is None else frame.SUCCESS
            writer.le(attribute, 2)
            writer.u8(status)
            if octets is not None:
                writer.put(octets)
            elif worst == frame.SUCCESS:
                worst = status
        return worst

    def _hides(self, cluster: int, attribute: int) -> bool:
        return self.registry is not None and self.registry.hides(cluster, attribute)

    def execute(self, call):
        """Carry out a cluster command: a status, or a list of response payloads.

        A command that nothing handles is answered by `answer_published`.
        """
        request = call.request
        side = request.frame_control & frame.SERVER_TO_CLIENT
        registry = self.registry
        if registry:
            feature = registry.of_command(call.cluster, side, request.command)
            if feature is not None:
                # What a state publishes of several comes before its fault (rtds: GCS15b).
                result = feature.execute(call) if self.fault(call) is None else None
                if result is not None:
                    return result
        return self.answer_published(call)

    def carries_out(self, cluster: int, side: int, command: int) -> bool:
        """Whether a feature carries a command out."""
        registry = self.registry
        return registry is not None and registry.of_command(cluster, side, command) is not None

    def fault(self, call):
        """The status that a fault of a state gives this command, or None.

        A fault names a command: of several in one message it shows at the second (RTDS).
        """
        default = call.reply_command == frame.DEFAULT_RESPONSE
        if default and call.index != min(1, call.count - 1):
            return None
        return self.command_faults.get((call.cluster, call.request.command))

    def answer_published(self, call):
        """The answer to a command from what the state holds.

        The n-th request of a message gets the n-th payload of `published`, a lone request gets
        them all, or the fault of the command; past the end comes the fault, else NOT_FOUND.
        """
        fault = self.fault(call)
        payloads = self.published.get((call.cluster, call.reply_command), ())
        at = _TIME_AT.get((call.cluster, call.reply_command))
        if call.from_han and self.registry and at is not None:
            since = self.registry.hidden_before()
            held = len(payloads)
            payloads = [p for p in payloads if int.from_bytes(p[at : at + 4], "little") >= since]
            if at == _SNAPSHOT and len(payloads) < held:
                # The number of snapshots that were found tells of the others, too.
                found = bytes((len(payloads),))
                payloads = [p[: at + 4] + found + p[at + 5 :] for p in payloads]
        if call.count == 1 and payloads and fault is None:
            return payloads
        if call.index < len(payloads) and call.count > 1:
            return payloads[call.index : call.index + 1]
        if call.reply_command != frame.DEFAULT_RESPONSE:
            return frame.NOT_FOUND if fault is None else fault
        return frame.SUCCESS if fault is None else fault


def _not_available(type_id: int):
    """Type octet and the value that means "not available"; None for a type without one."""
    from smets.zcl import typed

    try:
        return bytes((type_id,)) + types.encode(type_id, typed.not_available(type_id))
    except ValueError:
        return None


class Call:
    """One cluster command to carry out, as a server sees it."""

    def __init__(self, cluster: int, request, from_date_time=None):
        self.cluster = cluster
        self.request = request
        # UTC seconds since 2000 of a GBZ From Date Time, or None.
        self.from_date_time = from_date_time
        # The command that answers it, and its place among equal requests of its message.
        self.reply_command = frame.DEFAULT_RESPONSE
        self.index = 0
        self.count = 1
        # Whether a device of the HAN asks, not a remote party.
        self.from_han = False
