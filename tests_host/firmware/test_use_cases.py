# engines: cpython unix
# The use case tables: who may send what to which device, and that every row can be carried out.
from vectors import GCS09, GCS13A, GCS13B, GCS13C, GCS14, GCS60, GCS60A, gas_payload

from smets.dlms import axdr, objects
from smets.gbcs import (
    gbz,
    table_asn1,
    table_chf,
    table_esme,
    table_gas,
    table_proxy,
    table_sapc,
    use_cases,
)
from smets.zcl import attributes, published

GAS = (table_gas.ROWS, table_proxy.ROWS)
ALL = GAS + (table_esme.ROWS, table_chf.ROWS, table_sapc.ROWS, table_asn1.ROWS)
METERS = (use_cases.ESME, use_cases.GSME, use_cases.GPF, use_cases.CHF)
DEVICES = METERS + (use_cases.PPMID, use_cases.HCALCS, use_cases.SAPC)


def gas(code, device):
    return use_cases.find(GAS, code, device)


def rows():
    for table in ALL:
        for row in table:
            yield row


def test_find_by_code_and_device():
    found = gas(GCS13A, use_cases.GPF)
    assert (found.code, found.name, found.roles) == (0x0074, "GCS13a", "SN")
    assert gas(GCS13A, use_cases.GSME).roles == "S"
    assert gas(GCS13A, use_cases.ESME) is None
    assert gas(0xFFFF, use_cases.GPF) is None
    assert use_cases.find((), GCS13A, use_cases.GPF) is None


def test_codes_of_the_facts():
    """rtds: message codes of the stamped reads, and of the un-stamped GCS60."""
    names = [gas(c, use_cases.GPF).name for c in (0x74, 0xB8, 0xB6, 0x75, 0x8D, 0x012A)]
    assert names == ["GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60", "GCS60a"]


def test_g07_g08_the_stamp_is_on_60a_and_not_on_60():
    """rtds: same payload, stamp only in 0x012A."""
    plain, stamped = gas(GCS60, use_cases.GSME), gas(GCS60A, use_cases.GSME)
    assert plain.body == stamped.body
    assert (plain.stamped, stamped.stamped) == (False, True)


def test_g41_only_five_use_cases_are_stamped():
    """rtds: date-time with a clock_status other than FF in these five alone."""
    stamped = [row[0] for row in rows() if "t" in row[3]]
    assert sorted(stamped) == sorted((GCS13A, GCS13B, GCS13C, GCS14, GCS60A))
    for code in stamped:
        for device in (use_cases.GPF, use_cases.GSME):
            assert gas(code, device).stamped


def test_g36_g37_roles():
    """spec (GBCS 4.0 tables): the operator reads 13a and 13c at the GPF, nothing at the GSME."""
    for code in (GCS13A, GCS13B, GCS13C, GCS14, GCS60, GCS60A):
        operator = code in (GCS13A, GCS13C)
        assert ("N" in gas(code, use_cases.GPF).roles) == operator
        assert gas(code, use_cases.GSME).roles == "S"


def test_stamped_reads_are_no_updates_and_are_not_protected_against_replay():
    """spec: non-critical, no replay protection."""
    for code in (GCS13A, GCS13B, GCS13C, GCS14, GCS60, GCS60A):
        found = gas(code, use_cases.GPF)
        assert not (found.critical or found.replay_protected or found.update or found.dated)


def test_g34_payloads_of_the_facts_are_permitted_and_no_attribute_more():
    """rtds: the attribute lists of section C, each attribute of them and no other."""
    for code in (GCS13A, GCS13B, GCS13C, GCS14, GCS60, GCS60A):
        found = gas(code, use_cases.GPF)
        prepared = gbz.prepare(gas_payload(code), found)
        ids = []
        for component, _ in prepared:
            payload = component.request.payload
            ids += ["%02X%02X" % (payload[n + 1], payload[n]) for n in range(0, len(payload), 2)]
        listed = []
        for part in found.body.split(";"):
            listed += part.split()[2:]
        assert ids == listed, found.name


def test_gcs09_is_for_the_supplier_at_the_gpf():
    """rtds and spec: not for the GSME."""
    assert gas(GCS09, use_cases.GPF).roles == "S"
    assert gas(GCS09, use_cases.GPF).update
    assert gas(GCS09, use_cases.GSME) is None


def test_codes_are_unique_in_a_table():
    for table in ALL:
        codes = [row[0] for row in table]
        assert len(set(codes)) == len(codes)


def test_targets_name_devices_and_roles():
    letters = set(use_cases.ROLES.values())
    for code, name, targets, _, _ in rows():
        words = targets.split()
        assert words, name
        assert len({word[0] for word in words}) == len(words), name
        for word in words:
            assert word[0] in DEVICES and len(word) > 1, name
            assert set(word[1:]) <= letters | {"b"}, name
            assert use_cases.find(ALL, code, word[0]) is not None, name


def test_no_row_admits_an_unknown_role():
    for _, name, targets, _, _ in rows():
        assert "?" not in targets, name


def test_flags():
    """Critical commands update something, but CS02e; a stamp and a date exclude each other."""
    for _, name, _, flags, _ in rows():
        assert set(flags) <= set("cosvrkudt"), name
        assert not ("d" in flags and "t" in flags), name
        if "c" in flags and name != "CS02e":
            assert "u" in flags, name
        if "t" in flags:
            assert "u" not in flags, name


def test_gas_rows_can_be_carried_out():
    """Every component has a form the engine knows; attributes are in the cluster tables."""
    for _, name, _, _, body in table_gas.ROWS + table_proxy.ROWS:
        for part in body.split(";"):
            words = part.split()
            cluster = int(words[0], 16)
            asked, answer = words[1].split(">")
            assert asked[2] == answer[2] == "."
            command, reply = int(asked[3:5], 16), int(answer[3:5], 16)
            if asked[:2] in ("00", "08"):
                assert (command, reply) == (0, 1), name
                assert len(words) > 2, name
                for word in words[2:]:
                    assert attributes.type_of(cluster, int(word, 16)) is not None, (name, word)
            elif reply != 0x0B:
                assert len(words) == 2, name
                # Answered from what a state publishes, where no feature answers it.
                assert reply in published.TEMPLATES[cluster], (name, part)


def test_no_encrypted_default_response():
    """rtds: a Default Response is never encrypted."""
    for _, name, _, _, body in table_gas.ROWS + table_proxy.ROWS:
        assert "0Be" not in body, name


def opened(word):
    """(operation, object, A-XDR tag or "", objects inside) of an element of a DLMS body."""
    text, _, inner = word[1:].partition(">")
    tag = ""
    if text.rfind(":") > text.rfind("/"):
        text, tag = text.rsplit(":", 1)
    return word[0], text, tag, inner.split(",") if inner else []


def dlms_rows():
    for table in (table_esme.ROWS, table_chf.ROWS):
        for _, name, _, _, body in table:
            yield name, [opened(word) for word in body.split()]


def test_dlms_rows_name_objects():
    for name, elements in dlms_rows():
        assert elements, name
        for operation, text, tag, inner in elements:
            assert operation in "glsap", name
            assert objects.describe(objects.key(text)) == text, name
            assert bool(inner) == (operation == "p"), name
            for item in inner:
                assert objects.describe(objects.key(item)) == item, name
            if tag:
                assert operation in "sa", name
                simple = axdr.SIZES.get(int(tag, 16)) is not None
                assert simple or int(tag, 16) in (0x01, 0x02, 0x04, 0x09, 0x0A, 0x0C), name


def test_dlms_rows_that_set_are_updates():
    """spec: a set is an update; an action may be a read (CCS07)."""
    for table in (table_esme.ROWS, table_chf.ROWS):
        for _, name, _, flags, body in table:
            if any(opened(word)[0] == "s" for word in body.split()):
                assert "u" in flags, name


def test_dlms_element_listed_twice_says_the_same():
    """spec (GBCS table, rtds): ECS26a alone reads two objects twice."""
    for name, elements in dlms_rows():
        seen = {}
        for operation, text, tag, inner in elements:
            same = seen.setdefault((operation, text), (tag, inner))
            assert same == (tag, inner), name
        assert len(seen) == len(elements) - (2 if name == "ECS26a" else 0), name


def test_role_letters_are_unique():
    letters = [letter for letter in use_cases.ROLES.values() if letter]
    assert len(set(letters)) == len(letters)
