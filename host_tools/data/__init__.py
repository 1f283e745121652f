"""Tables of the host tools, as JSON beside this file.

`zcl_clusters.json`: clusters, attributes and commands of the GB profile, taken from the GBCS 4.0
use case tables and the Smart Energy tables of Device Management, Time and Metering.
`use_cases.json`: use cases with their message codes, roles, targets and command templates, taken
from the GBCS 4.0 use case tables and, for those it lacks, from the order seen in test vectors.
`answers.json`: what their responses hold, by use case: `shapes` (DLMS types of what each access
gives or, for a set or an action, takes; of an action that returns, `asked>returned`; a list for
protected objects), `gbz` (frame control, command, `e` for encrypted, `!` and the frame control of
a failure, for each component), `dated` (a date-time in the header), `for` (a broker asks for it).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """The JSON table `name` (without `.json`)."""
    file = resources.files(__name__).joinpath(f"{name}.json")
    return json.loads(file.read_text(encoding="utf-8"))
