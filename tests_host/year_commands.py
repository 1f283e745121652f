"""The commands with which a year of a meter begins (year.py), as lines for MicroPython.

A line is a message code and the elements of a command: how it is accessed, key and A-XDR octets.
"""

from __future__ import annotations

from living import key_of
from living_sequences import dl
from living_tariff import NOW, Tariff
from setting_pairs import CASES, dlms_elements

# Summer from April, winter from October, with other weekends and a special day in each. year.py
# has them again, as the days of its model.
SUMMER = {1: [(0, 1), (420, 2), (960, 3), (1140, 2)], 2: [(0, 1)]}
WINTER = {3: [(0, 4), (390, 5), (930, 6), (1230, 5)], 4: [(0, 4), (600, 5)]}
PRICES = {1: 9000, 2: 17000, 3: 26000, 4: 11000, 5: 21000, 6: 32000}  # 10^-5 pound a kWh
STANDING = 30000


def two_seasons() -> Tariff:
    """The tariff."""
    tariff = Tariff(
        [(b"s", (None, 4, 1), b"S"), (b"w", (None, 10, 1), b"W")],
        {b"S": [1, 1, 1, 1, 1, 2, 2], b"W": [3, 3, 3, 3, 3, 4, 4]},
        {**SUMMER, **WINTER},
        [((None, 12, 25), 4), ((None, 8, 29), 2)],
    )
    tariff.prices, tariff.standing = PRICES, STANDING
    return tariff


COMMANDS: dict[str, dict[str, bytes]] = {
    "ECS01a": two_seasons().elements(NOW),
    "ECS03": {
        "111/0-1:19.0.0.255/2": bytes.fromhex("020216021601"),
        "9000/0-0:94.44.128.22/4": dl(0),
        "111/0-1:19.0.0.255/11": b"\x01\x00",
        "9000/0-0:94.44.128.22/6": NOW,
        "111/0-1:19.0.0.255/13": NOW,
    },
    "ECS42": {"9/0-0:10.0.106.255/1": b"\x12\x00\x33"},
}


def main() -> None:
    """Print the lines, each element in the place that its use case gives it."""
    for use_case, values in COMMANDS.items():
        words = [CASES[use_case]["code"]]
        for letter, place in dlms_elements("ESME")[use_case]:
            if place in values:
                choice = {"s": 2, "a": 3}[letter]
                words.append(f"{choice},{key_of(place).hex()},{values[place].hex()}")
        assert len(words) == len(values) + 1, use_case
        print(*words)


if __name__ == "__main__":
    main()
