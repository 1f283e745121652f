# Settings of use cases, kept through a power cut: one bounded file, with an entry a command.
# A command's settings are written as one entry before its answer leaves: all of them or none.
import os


class Settings:
    """Settings by key, both octets; without a store they last as long as the power.

    `put` and `remove`, then `commit` or `rollback`: `get` sees at once what a command sets, others
    and the file only after `commit`. What is damaged is reported to the store.
    """

    folder = "settings"  # of the store

    def __init__(self, store=None):
        """Read what is kept in a folder of `store` (ports.store.Store); nothing raises."""
        self.values = {}
        self.commands = 0  # how many are over
        self.changes = 0  # rises with each commit that puts something
        self._staged = {}
        self.store = store
        self.file = None  # settings_file.File, once there is something in it
        self.takers = {}  # first octet of a key -> function(key, value)
        if store and self._present(store):
            from smets.settings_file import load

            load(self)

    def _present(self, store) -> bool:
        try:
            os.stat(store.path + "/" + self.folder)
        except OSError:
            return False
        return True

    def serve(self, kind: bytes, take):
        """Tell `take(key, value)` what is set under keys that begin with the octet `kind`.

        The key is without that octet. It is told what is kept, and later what is set or changed,
        and returns (the dict that it puts it into, the place there, what stood there or None).
        """
        self.takers[kind[0]] = take
        for key in self.values:
            if key[0] == kind[0]:
                take(key[1:], self.values[key])

    def get(self, key):
        """The octets that are set for a key, or None."""
        if key in self._staged:
            return self._staged[key]
        return self.values.get(key)

    def put(self, key, value):
        """Set a key within a command: at most 255 octets of key, 65534 of value."""
        self._staged[bytes(key)] = bytes(value)

    def remove(self, key):
        """Remove a key, within a command."""
        self._staged[bytes(key)] = None

    def mark(self) -> dict:
        """What was put since the last commit, for `back_to`."""
        return dict(self._staged)

    def back_to(self, mark: dict):
        """Forget what was put since a `mark`."""
        self._staged = mark

    def rollback(self):
        """Forget what was put since the last commit; the command is over."""
        self._staged = {}
        self.commands += 1

    @property
    def waiting(self) -> bool:
        """Whether something was put that is not kept yet."""
        return bool(self._staged)

    def commit(self):
        """Keep what was put: all of it, or nothing and StoreError (28, ENOSPC, where it is full).

        Values that are kept already cost no write.
        """
        put = self._staged
        self._staged = {}
        if put:
            self.changes += 1
            from smets.settings_file import keep  # loaded when something is set

            keep(self, put)

    def loadable(self, key, replaying: bool) -> bool:
        """Whether a value of a state is taken at a place: it stands there instead of what was set.

        One that is loaded again after a power cut (`replaying`) is older than what was set.
        StoreError where what was set cannot be removed.
        """
        if key not in self.values:
            return True
        if replaying:
            return False
        self.remove(key)
        self.commit()
        return True
