# The objects that no feature serves: kept among the settings as they are set.
# The model's `values` and the settings hold the same octets: nothing is copied.
from smets.codec import Reader
from smets.dlms import axdr, objects

_KIND = b"D"
_PROFILE = b"\x00\x07"
# A method of a Device Log, class 104, whose answer a state tells.
_WITHOUT_EFFECT = b"\x00\x68"


class Kept:
    """Values of a model (objects.Objects) that use cases set."""

    def __init__(self, model, settings, clock, dated=None):
        """`settings` is smets.settings.Settings; what it holds stands in the model from now on.

        `dated` is the feature in which dates wait for their time.
        """
        self.dated = dated
        self.faulty = ()  # numbers of auxiliary switches that do not follow
        self.clock = clock
        self.settings = settings
        self._model = model
        self._values = model.values
        settings.serve(_KIND, self._take)

    def _take(self, object_key, value):
        before = self._values.get(object_key)
        self._values[object_key] = _model_value(object_key, value)
        return self._values, object_key, before

    def value(self, object_key):
        """The value of an object as the command that is carried out sees it; None without one."""
        value = None
        if self.settings.waiting:
            value = self.settings.get(_KIND + object_key)
        if value is not None:
            return _model_value(object_key, value)
        value = self._values.get(object_key)
        return value() if callable(value) else value

    def put(self, object_key, octets):
        """Set a value; it is kept when the command is done."""
        self.settings.put(_KIND + object_key, octets)

    def set(self, object_key, data) -> int:
        """Set an object to A-XDR octets, with what follows from it; a result code."""
        follows = self._follows(object_key)
        if follows:
            return follows(self, data)
        self.put(object_key, data)
        return objects.SUCCESS

    def invoke(self, object_key, data) -> int:
        """Invoke a method: what follows from it; a result code. Where nothing does it fails."""
        follows = self._follows(object_key)
        if follows:
            return follows(self, data)
        known = object_key[:2] == _WITHOUT_EFFECT
        return objects.SUCCESS if known else objects.OTHER_REASON

    def _follows(self, object_key):
        from smets.dlms import effects  # large: loaded when something is set

        return effects.of(object_key)

    def loadable(self, object_key) -> bool:
        """Whether a value of a state is taken; see Settings.loadable."""
        return self.settings.loadable(_KIND + object_key, self._model.registry.replaying)

    def extends(self, object_key) -> bool:
        """Whether further rows of a state are taken: a log that use cases set takes none.

        ValueError, except while a state is loaded again.
        """
        if self.settings.get(_KIND + object_key) is None:
            return True
        if not self._model.registry.replaying:
            raise ValueError("a use case has set this log: a state replaces it as a whole")
        return False


def _model_value(object_key, value):
    """What stands in the model: the buffer of a log, else the octets."""
    if object_key[:2] != _PROFILE or value[0] != axdr.COMPACT_ARRAY:
        return value
    reader = Reader(value, 1)
    axdr.skip_description(reader)
    buffer = objects.Buffer(value[1 : reader.pos])
    reader.length("rows")
    buffer.append(value[reader.pos :])
    return buffer
