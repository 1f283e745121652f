"""XML that is built to do harm, or just broken: refused in a moment, in bounded memory."""

from __future__ import annotations

import resource
import time

import pytest

from host_tools.duis import document
from host_tools.duis.errors import DuisError

HEAD = (
    '<sr:Request xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="5.4">'
    "<sr:Header><sr:RequestID>02-53-4D-45-54-53-01-00:02-53-4D-45-54-53-00-A0:5</sr:RequestID>"
    "<sr:CommandVariant>1</sr:CommandVariant><sr:ServiceReference>4.1</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>4.1.1</sr:ServiceReferenceVariant></sr:Header><sr:Body>"
)
TAIL = "</sr:Body></sr:Request>"
BODY = "<sr:ReadInstantaneousImportRegisters/>"
GOOD = HEAD + BODY + TAIL
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {n} "{f"&{m};" * 10}">' for m, n in zip("abcdefgh", "bcdefghi"))
    + "]>"
)

REFUSED = {
    "nothing": (b"", "empty"),
    "blanks": (b" \n ", "empty"),
    "no XML": (b"hello", "line 1, column 1"),
    "cut off": (GOOD[:-20].encode(), "line 1"),
    "10 MB": ((HEAD + "<a>" + "x" * 10_000_000 + "</a>" + TAIL).encode(), "longer than 4 MiB"),
    "2 MB of comments": (
        (HEAD + "x" + "<!---->" * 300_000 + "<a/>" * 2 + TAIL).encode(),
        "comment or instruction in the value of Body",
    ),
    "4 MB of open brackets": (b"<a" * 2_000_000, "line 1"),
    "4 MB of declarations": (b"<!" * 2_000_000, "line 1"),
    "4 MB of attributes": (
        ("<a " + " ".join(f'b{number}=""' for number in range(300_000)) + "/>").encode(),
        "line 1|not a Request",
    ),
    "3 MB of elements": ((HEAD + "<a/>" * 750_000 + TAIL).encode(), "more than 20000 elements"),
    "10,000 levels": ((HEAD + "<a>" * 10_000 + "</a>" * 10_000 + TAIL).encode(), "64 deep"),
    "10,000 levels, open": ((HEAD + "<a>" * 10_000).encode(), "64 deep"),
    "levels in UTF-16": ((HEAD + "<a>" * 10_000).encode("utf-16"), "64 deep"),
    "not the encoding it says": (
        b'<?xml version="1.0" encoding="UTF-8"?>'
        + GOOD.replace("4.1.1", "\xe9").encode("latin-1"),
        "line 1",
    ),
    "an encoding nobody knows": (b'<?xml version="1.0" encoding="X-9"?><a/>', "line 1"),
    "half of UTF-16": (GOOD.encode("utf-16")[:-1], "UTF-16"),
    "entities that grow": ((BOMB + GOOD).encode(), "DOCTYPE"),
    "entities in UTF-16": ((BOMB + GOOD).encode("utf-16"), "DOCTYPE"),
    "a file from outside": (
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + GOOD).encode(),
        "DOCTYPE",
    ),
    "a DTD from outside": (
        ('<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">' + GOOD).encode(),
        "DOCTYPE",
    ),
    "a comment in a value": (GOOD.replace(">4.1.1<", ">4.1<!-- -->.1<").encode(), "comment"),
    "a comment before a value": (GOOD.replace(">4.1.1<", "><!-- -->4.1.1<").encode(), "comment"),
    "an instruction in a value": (GOOD.replace(">4.1.1<", ">4.1<?x?>.1<").encode(), "instruction"),
    "another root": (b"<a/>", "not a Request"),
    "two headers": (GOOD.replace("<sr:Body>", "<sr:Header/><sr:Body>").encode(), "2 Header"),
    "two requests": ((HEAD + BODY * 2 + TAIL).encode(), "Body has 2 elements"),
    "no request": ((HEAD + TAIL).encode(), "Body has no elements"),
    "a counter beyond 64 bits": (GOOD.replace("A0:5", f"A1:{1 << 64}").encode(), "RequestID"),
    "no identity": (GOOD.replace("02-53", "02:53").encode(), "RequestID"),
    "no variant": (GOOD.replace("Variant>1<", "Variant>12<").encode(), "CommandVariant '12'"),
}


def read(data: bytes) -> document.Request:
    asked = document.request(data)
    assert asked.body is not None
    return asked


def test_an_eui_is_the_same_in_small_letters():
    """The schema has both; clients of the DCC's test box write small ones."""
    asked = read(GOOD.replace("54-53-00-A0", "54-53-00-a0").encode())
    assert asked.target == bytes.fromhex("02534D45545300A0")
    assert asked.identity == "02-53-4D-45-54-53-01-00:02-53-4D-45-54-53-00-A0:5"


def peak() -> int:
    """The most memory that this process had, in octets."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_a_moment(what):
    """project: below 4 MiB, 64 levels, no DOCTYPE, one clear line; seconds and memory bounded."""
    data, words = REFUSED[what]
    begin, before = time.process_time(), peak()
    with pytest.raises(DuisError, match=words) as error:
        read(data)
    assert time.process_time() - begin < 3
    assert peak() - before < 256 << 20  # a tree of 3 MB of empty elements
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_what_is_right_is_read():
    for data in (
        GOOD.encode(),
        GOOD.encode("utf-16"),
        GOOD.replace(BODY, f"<!-- x -->{BODY}").encode(),
    ):
        asked = read(data)
        assert (asked.counter, asked.variant, asked.service) == (5, 1, "4.1.1")
        assert asked.body.tag == "ReadInstantaneousImportRegisters"


def test_a_file_is_read_no_further_than_a_document_goes(tmp_path):
    big = tmp_path / "big.xml"
    with big.open("wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(DuisError, match="longer than 4 MiB"):
        document.read(big)
