# What a feature is to its device: what it serves and takes, as data; what it does as time passes.
# docs/architecture.md has the contract with an example. A module of a feature is light: it imports
# what is large when that is first needed.
from smets.ports.store_error import StoreError


class Feature:
    """A feature of one device. A subclass declares its data and overrides what it needs.

    A module of smets.features names its feature FEATURE; see catalogue.py for its name.
    """

    # DLMS objects: keys "class/A-B:C.D.E.F/attribute", and beginnings of OBIS codes "A-B:C.D"
    # under which the feature serves every object that `find` gives.
    objects = ()
    # Cluster -> the attributes that it works out, or takes from a state.
    attributes = {}
    # (cluster, direction bit, command) of each cluster command that it carries out.
    commands = ()
    # Names of CTRL:SET and of CTRL:ACT -> (the method that takes the value, the form of the value,
    # see smets/document.py). Only what fits is handed over; ValueError for what cannot be now.
    inputs = {}
    actions = {}
    # Names of its records, and of its logs (features/keeper.py).
    records = ()
    logs = ()
    # Members of a state that power does not outlast; see board_link.py.
    volatile = ()
    # Ranges (first code, last code) of the alerts and events that it raises.
    alerts = ()
    # Whether its attributes may be octet strings.
    texts = False
    # Whether it measures as real time passes: `poll` is called at least every 100 ms.
    live = False
    # Whether the store held something of it at the start. Then a state that is loaded again after
    # a power cut is older than what the feature has, and is not given to it.
    restored = False

    def __init__(self, device):
        """`device` has store, clock, zcl, dlms; `device.feature(name)` gives another feature.

        Those before it in the device's list are there by now, the others at `restore`.
        """
        self.device = device

    def restore(self):
        """Read what the store holds. Every feature of the device is there."""

    def stored(self, table):
        """The values of its record (record.Table); None where there is none, or it is damaged.

        Damage was reported by then.
        """
        if not self.restored:
            return None
        try:
            return self.device.keeper.read(table)
        except StoreError:
            return None

    # --- Time ----------------------------------------------------------------------------------

    def pass_time(self, seconds: int):
        """`seconds` have passed, up to what the clock shows; never over a half hour of UTC."""

    def half_hour(self, due: int):
        """A half hour of UTC ended at `due`, seconds since 2000; `pass_time` came before."""

    def midnight(self, due: int):
        """A day of UTC ended at `due`; `half_hour` came before."""

    def tick(self):
        """All that fell due has been done: act on it, once for each step of time.

        `device.uptime` has the seconds since the start. While not `device.awake` nothing is sent.
        """

    def poll(self, ticks: int):
        """Real time passed, up to `ticks` in ms."""

    # --- Sleep ---------------------------------------------------------------------------------

    def wake(self):
        """The device is awake again: say what has to be asked before anything else."""

    def busy(self) -> bool:
        """Whether the device has to stay awake for what is under way."""
        return False

    # --- What others ask -----------------------------------------------------------------------

    def find(self, key: bytes, operation: str):
        """What serves a DLMS object now (see objects.Served), or None.

        `operation` is one of objects.GET, SET, ACTION, LOAD. With None the object is a value that
        is kept as it was set or loaded.
        """
        return None

    def execute(self, call):
        """Carry out a command of `commands`: a status, or a list of response payloads.

        With None the command is answered from the state (Server.answer_published).
        """
        return None

    def attribute(self, cluster: int, attribute: int):
        """Type octet and value octets of an attribute that no state has set, or None."""
        return None

    def fits_attribute(self, cluster: int, attribute: int, value: int):
        """Check an attribute of a state: ValueError where `load_attribute` cannot take it."""

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """Take an attribute of a state that fits; False where it is to stand as a value.

        StoreError.
        """
        return False

    def assign(self, cluster: int, attribute: int, octets) -> bool:
        """A command sets an attribute; False where it is to be kept as a setting.

        `octets` are type and value, which fit. StoreError, and nothing has changed.
        """
        return False

    def commanded(self, code: int, done: bool):
        """A command of a remote party, by its message code, was carried out, or not.

        What is written now is kept with what the command has set.
        """

    def hear(self, frame) -> bool:
        """Take a HAN frame before it is checked; False where it is not for it."""
        return False

    def receive(self, frame) -> bool:
        """Take a HAN frame that is no request to a server; False where it is not for it."""
        return False

    def header_stamp(self, writer):
        """Write the 12 octets of a stamped response. Only the device's `stamped_by` is asked."""

    def hidden_before(self) -> int:
        """UTC seconds before which the HAN gets nothing of a log; 0 hides nothing."""
        return 0

    def hides(self, cluster: int, attribute: int) -> bool:
        """Whether the HAN does not get an attribute, because of what it tells of earlier days."""
        return False

    def summary(self) -> dict:
        """Members of the device's summary. Several features may fill a member that is a table."""
        return {}
