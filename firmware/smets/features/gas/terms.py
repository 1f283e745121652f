# What makes a new tariff or payment mode of a gas meter, as commands have set it: a change of it
# is told by a check value of each part.
from binascii import crc32

from smets.features.prepayment import account
from smets.zcl import attributes, commands, kept, snapshots
from smets.zcl.attribute_key import attribute_key
from smets.zcl.clusters import CALENDAR, PRICE

# Snapshot causes, in the order of the check values.
_CAUSES = (
    snapshots.TARIFF,
    snapshots.PRICE_MATRIX,
    snapshots.BLOCK_THRESHOLDS,
    snapshots.PAYMENT_MODE,
)

_TIER_STEP = 0x10
_PRICES = [attributes.NO_TIER_BLOCK1_PRICE + n for n in range(4)]
_PRICES += [attributes.TIER1_BLOCK1_PRICE + _TIER_STEP * n for n in range(4)]
_PARTS = (
    commands.PUBLISH_CALENDAR,
    commands.PUBLISH_DAY_PROFILE,
    commands.PUBLISH_WEEK_PROFILE,
    commands.PUBLISH_SEASONS,
    commands.PUBLISH_SPECIAL_DAYS,
)


def check_values(device) -> bytes:
    """16 octets: a check value each of tariff, prices, thresholds and payment mode."""
    values = device.settings.values
    tariff = [kept.key(kept.COMMAND, PRICE, commands.PUBLISH_TARIFF_INFORMATION)]
    tariff += [kept.key(kept.PUBLISHED, CALENDAR, part) for part in _PARTS]
    found = b""
    for keys in (
        tariff,
        [attribute_key(PRICE, price) for price in _PRICES],
        [attribute_key(PRICE, attributes.BLOCK1_THRESHOLD + n) for n in range(3)],
    ):
        check = 0
        for key in keys:
            value = values.get(key) or b""
            check = crc32(value, crc32(len(value).to_bytes(2, "big"), check))
        found += check.to_bytes(4, "big")
    prepaid = device.feature("gas_account").account.mode == account.PREPAYMENT
    return found + (1 if prepaid else 0).to_bytes(4, "big")


def causes(before: bytes, after: bytes) -> int:
    """The causes of a snapshot, from check values before and after; project-choice.

    A command that changes several terms at once makes one snapshot with all their causes.
    Alternative: a snapshot for each cause.
    """
    found = 0
    for index, cause in enumerate(_CAUSES):
        if before[4 * index : 4 * index + 4] != after[4 * index : 4 * index + 4]:
            found |= cause
    return found
