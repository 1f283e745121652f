# What a store does at a start that finds temporaries: a power cut has interrupted something.
from smets.ports.changes import CHANGES, SEALED
from smets.ports.files import CLEARING, ERASING, remove
from smets.ports.store_error import StoreError


def recover(store, left: list):
    """Complete what was noted as a whole, and remove the rest of the temporaries `left`."""
    try:
        if ERASING in left:
            from smets.ports.erase import forget

            forget(store)
        elif CLEARING in left:
            kept = store.load(store.path + "/" + CLEARING, CLEARING)
            store.clear((kept or b"").decode())
        elif CHANGES in left:
            lines = store.load(store.path + "/" + CHANGES, SEALED) or b""
            changes, seal = {}, 0
            for line in lines.decode().split("\n"):
                temporary, space, name = line.partition(" ")
                if space:
                    changes[name] = temporary
                else:
                    seal = int(temporary or 0)
            store.replace(changes, seal)
    except StoreError as error:
        if not error.damaged:
            raise
        # Torn: the power went before it was whole, and nothing had been replaced.
    for name in left:
        remove(store.path + "/" + name)
