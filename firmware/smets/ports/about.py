# What CTRL:QUERY {"board": true} tells of the board below the device: versions, room, slots.
import gc
import os
import sys


def told() -> dict:
    """`micropython`, `machine`; octets free: `heap`, `flash` (of `flash_size`); slot, slots.

    `slot` is the install in use, `trial` one that is tried once; a file system without slots has
    "" for both. `lib` is whether /lib has the firmware beside that which runs: mip puts it there.
    """
    import smets

    gc.collect()
    room = os.statvfs("/")
    names = os.listdir("/")
    answer = {
        "micropython": sys.version.split("; ")[-1],
        "machine": getattr(sys.implementation, "_machine", sys.platform),
        "heap": gc.mem_free() if hasattr(gc, "mem_free") else -1,
        # littlefs counts shared blocks twice: a full one may have fewer than none free.
        "flash": room[0] * room[3] if room[3] <= room[2] else 0,
        "flash_size": room[0] * room[2],
        "slots": [name for name in ("a", "b") if name in names],
        "lib": "lib" in names
        and "smets" in os.listdir("/lib")
        and not smets.__file__.startswith("/lib/"),
    }
    for member, name in (("slot", "slot"), ("trial", "slot.try")):
        answer[member] = ""
        if name in names:
            with open("/" + name) as file:
                answer[member] = file.read().strip()
    return answer
