# A store whose medium is full from a moment on.
from smets.ports.store import Store
from smets.ports.store_error import StoreError


class FullStore(Store):
    """`full` refuses records, except those whose names begin with `spared`, if that is set."""

    full = False
    spared = ""

    def put(self, name, data):
        if self.full and not (self.spared and name.startswith(self.spared)):
            raise StoreError(28)
        super().put(name, data)
