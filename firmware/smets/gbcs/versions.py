# What octets depend on the GBCS version that a device claims (MP143; release_rows.md 1.3): where
# the use case tables of GBCS 3.1 and 4.0 differ. host_tools/versions/gbcs_bytes.json has the list.
from smets.zcl import commands
from smets.zcl.clusters import PRICE

# The versions that a device may claim, and what a new device claims.
VERSIONS = ("3.1", "3.3", "4.0", "4.2")
NEW = "4.2"

# project-choice: versions with the octets of 3.1. That MP143 brings 3.3 what 4.0 has is a plan,
# and none of its five IRPs was available. Alternative: ("3.1", "3.3").
OLD = ("3.1",)

_CLUSTER_SPECIFIC = 0x09  # frame control: from the server, no default response


def is_old(version: str) -> bool:
    """Whether a version has the octets of GBCS 3.1."""
    return version in OLD


def frame_counters(replies, old: bool) -> list:
    """The additional header frame counter of each reply (cluster, frame, encrypted).

    It counts encrypted components (GBCS 7.2.10); in 3.1 it is one for each kind of component.
    """
    counters = []
    kinds = []
    for cluster, reply, encrypted in replies:
        kind = (cluster, reply[2]) if old else len(kinds)
        if encrypted and kind not in kinds:
            kinds.append(kind)
        counters.append(kinds.index(kind) if encrypted else 0)
    return counters


def default_control(cluster: int, command: int, old: bool) -> int:
    """Frame control of a Default Response that a version has of its own; -1 where it has none."""
    if old and cluster == PRICE and command == commands.GET_BILLING_PERIOD:
        return _CLUSTER_SPECIFIC
    return -1
