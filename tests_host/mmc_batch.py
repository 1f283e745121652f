"""A batch for `smets pc`: N requests and answers of the project's vectors, in a log.

`python tests_host/mmc_batch.py 10000 FOLDER` writes FOLDER/batch.log and FOLDER/keys-*.json.
"""

import itertools
import json
import sys
from pathlib import Path

from host_tools.vectors import files

VECTORS = Path(__file__).resolve().parent / "data" / "vectors"
NO_ELEMENT = {"ECS46d", "CS02b-transCoSByTransCoS"}


def write(count: int, folder: Path) -> list[Path]:
    """Write a log of `count` requests and as many answers; the key files that open them."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [item for item in files.load(VECTORS) if item["use_case"] not in NO_ELEMENT]
    with (folder / "batch.log").open("w", encoding="utf-8") as log:
        for item in itertools.islice(itertools.cycle(pairs), count):
            log.write(f"{item['command'].hex()}\n{item['response'].hex()}\n")
    keys = [*sorted((VECTORS / "keys").glob("*.json")), VECTORS / "parties.json"]
    assert all(json.loads(path.read_text(encoding="utf-8")) for path in keys)
    return keys


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
