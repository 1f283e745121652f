# The Profile Data Log as a feature of an electricity meter; profile_data.py has what is large.
from smets.document import check
from smets.features.feature import Feature


def _check_energy(value, path):
    from smets.features.quantities import QUANTITIES

    check(value, {name + "?": (0, 0x7FFFFFFF) for name in QUANTITIES[1:]}, path)


class Profile(Feature):
    """Energy of each half hour: import, export, reactive import."""

    objects = ("7/0-0:99.1.0.255/2", "7/0-0:99.1.1.255/2", "7/0-0:99.1.2.255/2")
    inputs = {"energy": ("configure", _check_energy)}
    records = ("twin",)
    logs = ("import", "import2", "export", "reactive")

    def __init__(self, device):
        super().__init__(device)
        self._data = None

    @property
    def data(self):
        """The logs themselves (profile_data.py)."""
        if self._data is None:
            from smets.features.profile_data import ProfileData

            self._data = ProfileData(self.device)
        return self._data

    def configure(self, description: dict):
        """What else flows each half hour, Wh or varh by name (quantities.QUANTITIES but "import").

        "secondary" makes it a twin-element meter, whose import log begins empty.
        """
        self.device.feature("register").configure(description)
        if "secondary" in description:
            self.data.be_twin(True)

    def find(self, key: bytes, operation: str):
        """See Feature."""
        return self.data.find(key)

    def pass_time(self, seconds: int):
        """See Feature."""
        self.data.pass_time(seconds)


FEATURE = Profile
