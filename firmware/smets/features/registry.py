# Which feature of a device serves a DLMS object, an attribute, a cluster command or an input.
# Every place belongs to one feature. The second that claims the same one is an error here; a test
# finds beginnings of OBIS codes, and records, that two features claim.
from smets import document
from smets.dlms import objects


class Registry:
    """The features of a device by name, and by what they declare."""

    def __init__(self):
        self.features = {}  # name -> Feature, in the order of the device's list
        # Whether a state is loaded again after a power cut; see Feature.restored.
        self.replaying = False
        self._keys = {}
        self._groups = []  # (beginning of an OBIS code, feature)
        self._attributes = {}
        self._commands = {}
        # Inputs and actions of the bench: name -> feature.
        self._bench = {"inputs": {}, "actions": {}}

    def add(self, name: str, feature):
        """Take a feature in; ValueError where another one has claimed the same place."""
        self.features[name] = feature
        for text in feature.objects:
            if "/" in text:
                _claim(self._keys, objects.key(text), feature, text)
            else:
                self._groups.append((objects.obis(text), feature))
        for cluster, attributes in feature.attributes.items():
            for attribute in attributes:
                _claim(self._attributes, _place(cluster, attribute), feature, "attribute")
        for cluster, side, command in feature.commands:
            _claim(self._commands, _place(cluster, side << 8 | command), feature, "command")
        for table, places in self._bench.items():
            for name in getattr(feature, table):
                _claim(places, name, feature, name)

    def give(self, table: str, told):
        """Hand each value to its method in `table` ("inputs" or "actions"), once all are checked.

        DocumentError for a member that nobody takes, for a value that cannot be, or not now.
        """
        places = self._bench[table]
        rows = []
        for name in told:
            if name not in places:
                known = ", ".join(sorted(places)) or "none"
                raise document.DocumentError(name, "not of the %s here: %s" % (table, known))
            method, form = getattr(places[name], table)[name]
            document.check(told[name], form, name)
            rows.append((name, getattr(places[name], method)))
        for name, method in rows:
            try:
                method(told[name])
            except ValueError as error:
                # What it cannot be at this time.
                raise document.DocumentError(name, str(error))

    def of_object(self, key):
        """The feature that serves a DLMS object, or None."""
        feature = self._keys.get(key)
        if feature is None:
            for start, owner in self._groups:
                if key[2 : 2 + len(start)] == start:
                    return owner
        return feature

    def of_attribute(self, cluster: int, attribute: int):
        """The feature that serves an attribute, or None."""
        return self._attributes.get(_place(cluster, attribute))

    def attributes_of(self, cluster: int) -> set:
        """The attributes of a cluster that features serve."""
        return {place & 0xFFFF for place in self._attributes if place >> 16 == cluster}

    def of_command(self, cluster: int, side: int, command: int):
        """The feature that carries out a cluster command, or None."""
        return self._commands.get(_place(cluster, side << 8 | command))

    def gives(self, feature) -> bool:
        """Whether a value of a state is given to the feature that owns its place."""
        return not (self.replaying and feature.restored)

    def hidden_before(self) -> int:
        """UTC seconds before which the HAN gets nothing of a log."""
        hidden = 0
        for feature in self.features.values():
            hidden = max(hidden, feature.hidden_before())
        return hidden

    def hides(self, cluster: int, attribute: int) -> bool:
        """Whether the HAN does not get an attribute, because of what it tells of earlier days."""
        for feature in self.features.values():
            if feature.hides(cluster, attribute):
                return True
        return False


def _place(cluster: int, number: int) -> int:
    # A small integer takes no room beside the table.
    return cluster << 16 | number


def _claim(table, where, owner, text: str):
    other = table.setdefault(where, owner)
    if other is not owner:
        names = (other.__class__.__name__, owner.__class__.__name__, text)
        raise ValueError("%s and %s both claim %s" % names)
