# The CHF Device Log as a remote party sees it: class 104, 0-0:30.3.0.255 and the historic log
# 0-0:30.3.1.255 (gas_proxy.md 6).
from smets import clock, cosem_time
from smets.codec import DecodeError, Reader, Writer
from smets.compat import const
from smets.dlms import objects
from smets.features.hub_rows import ENTRIES, EUI_AT, HASH_AT, RSSI_2G4
from smets.ports.store_error import StoreError

# project-choice: whether CCS02 succeeds while the log is empty: a state has no log, and RTDS
# answers success. Alternative: False, as for a device that is not in a log.
EMPTY_LOG_FORGETS = True

_INSTALL_CODE = const(1)
_MAC_SIZE = b"\x09\x08"
_HASH_SIZE = b"\x09\x10"
_TRUE = b"\x03\xff"
# Of a device: status, then after the three RSSI values three of link quality, the time, hops,
# failures, successes, application and stack version.
_ACTIVE = b"\x02\x0e"
_STATUS = b"\x04\x08\x80"  # project-choice: bit 0, in the log; alternative: nothing.


def _put_time(writer, seconds: int):
    writer.put(b"\x09\x0c")
    cosem_time.put(writer, seconds, cosem_time.STATUS_NOT_SPECIFIED)


class _Method(objects.Served):
    """A method, or an attribute that is set: `act(reader)` reads what is given, and does it."""

    def __init__(self, act, told=None):
        self._act = act
        self.returned = told

    def invoke(self, data) -> int:
        """See Served."""
        reader = Reader(data)
        try:
            done = self._act(reader)
        except DecodeError:
            return objects.TYPE_UNMATCHED
        except StoreError:
            return objects.HARDWARE_FAULT
        return objects.SUCCESS if done else objects.OTHER_REASON

    def set(self, data) -> int:
        """See Served."""
        return self.invoke(data)


class _Attribute(_Method):
    """An attribute: `read()` gives its octets."""

    def __init__(self, act, read):
        super().__init__(act)
        self._read = read

    def get(self, start: int, end: int):
        """See Served."""
        return objects.READ_WRITE_DENIED if start >= 0 else self._read()


class Objects:
    """The objects of a hub_log.HubLog."""

    def __init__(self, log):
        self._log = log
        # Last octets of a key, the method's or attribute's and that of the log.
        self._methods = {
            1: _Method(self._register),
            2: _Method(self._unregister),
            4: _Method(self._nothing, self._backup),
            5: _Method(self._restore),
        }
        self._attributes = {
            2: _Attribute(self._set_joining, self._joining),
            3: _Attribute(self._set_timeout, self._timeout),
            4: _Attribute(self._nothing, self._active),
        }
        self._historic = _Method(self._nothing, self._backup_historic)

    def of(self, key: bytes, operation: str):
        """What serves a key; None where a state has told it, or where it is not there."""
        if operation == objects.LOAD or key in self._log.device.dlms.values:
            return None
        if key[6] == 1:
            return self._historic if operation == objects.ACTION else None
        places = self._methods if operation == objects.ACTION else self._attributes
        return places.get(key[8])

    # --- Methods --------------------------------------------------------------------------------

    def _register(self, reader) -> bool:
        """{EUI-64, key type, install code, device type}: CCS01."""
        reader.literal(b"\x02\x04" + _MAC_SIZE, "register_device")
        eui = bytes(reader.view(8, "EUI-64"))
        reader.literal(b"\x16", "key type")
        sort = reader.u8("key type")
        reader.literal(_HASH_SIZE, "install code")
        code = bytes(reader.view(16, "install code"))
        reader.literal(b"\x16", "device type")
        kind = reader.u8("device type")
        reader.finish("register_device")
        return sort == _INSTALL_CODE and self._log.add(eui, kind, code)

    def _unregister(self, reader) -> bool:
        """EUI-64: CCS02."""
        reader.literal(_MAC_SIZE, "EUI-64")
        eui = bytes(reader.view(8, "EUI-64"))
        reader.finish("unregister_device")
        log = self._log
        return log.remove(eui) or (not log.devices and EMPTY_LOG_FORGETS)

    def _restore(self, reader) -> bool:
        """{extended PAN id, 1 to 16 of {EUI-64, hash}}: CCS03."""
        reader.literal(b"\x02\x02" + _MAC_SIZE, "restore_PAN")
        pan = bytes(reader.view(8, "PAN id"))
        reader.literal(b"\x01", "devices")
        count = reader.length("devices")
        rows = []
        for _ in range(count):
            reader.literal(b"\x02\x02" + _MAC_SIZE, "device")
            eui = bytes(reader.view(8, "EUI-64"))
            reader.literal(_HASH_SIZE, "hash")
            rows.append((eui, bytes(reader.view(16, "hash"))))
        reader.finish("restore_PAN")
        if not 1 <= count <= ENTRIES or len({row[0] for row in rows}) != count:
            return False
        self._log.rebuild(pan, rows)
        return True

    def _nothing(self, reader) -> bool:
        """Null, in GBCS 3.1 an integer 0: what is returned is all (CCS07)."""
        reader.literal(b"\x0f\x00" if self._log.device.zcl.old else b"\x00", "argument")
        reader.finish("argument")
        return True

    # --- Attributes -----------------------------------------------------------------------------

    def _set_joining(self, reader) -> bool:
        reader.literal(b"\x03", "boolean")
        if reader.u8("boolean"):
            self._log.open(self._log.timeout)
        else:
            self._log.close()
        reader.finish("boolean")
        return True

    def _joining(self) -> bytes:
        return _TRUE if self._log.joining else b"\x03\x00"

    def _set_timeout(self, reader) -> bool:
        reader.literal(b"\x12", "timeout")
        seconds = reader.be(2, "timeout")
        reader.finish("timeout")
        self._log.timeout = seconds
        return True

    def _timeout(self) -> bytes:
        return b"\x12" + self._log.timeout.to_bytes(2, "big")

    def _active(self) -> bytes:
        """Who is in the log, and when each was heard last (CCS06)."""
        devices = self._log.devices
        writer = Writer(64)
        writer.put(bytes((0x01, len(devices))))
        for row in devices:
            writer.put(_ACTIVE + _MAC_SIZE)
            writer.put(row[EUI_AT])
            writer.put(_STATUS)
            writer.put(bytes((0x0F, RSSI_2G4)) * 3)
            writer.put(b"\x11\x00" * 3)
            _put_time(writer, self._log.seen.get(row[EUI_AT], clock.UTC_INVALID))
            writer.put(b"\x11\x00" * 5)
        return bytes(writer.view())

    # --- Backups --------------------------------------------------------------------------------

    def _write(self, writer, when: int, rows):
        writer.put(b"\x02\x03")
        _put_time(writer, when)
        writer.put(_MAC_SIZE)
        writer.put(self._log.han)
        writer.put(bytes((0x01, len(rows))))
        for eui, key in rows:
            writer.put(b"\x02\x02" + _MAC_SIZE)
            writer.put(eui)
            writer.put(bytes((0x09, len(key))))
            writer.put(key)

    def _now(self) -> int:
        own = self._log.device.clock
        return own.seconds if own.status != clock.INVALID else clock.UTC_INVALID

    def _rows(self) -> list:
        return [(row[EUI_AT], row[HASH_AT]) for row in self._log.devices]

    def _told(self, rows) -> bytes:
        writer = Writer(64)
        self._write(writer, self._now(), rows)
        return bytes(writer.view())

    def _backup(self) -> bytes:
        return self._told(self._rows())

    def _backup_historic(self) -> bytes:
        return self._told(self._log.left)

    def alert(self, when: int) -> bytes:
        """What CS14 tells: its code and time, and the backup of this log."""
        writer = Writer(64)
        writer.put(b"\x02\x03\x12")
        writer.be(self._log.code, 2)
        _put_time(writer, when)
        self._write(writer, when, self._rows())
        return bytes(writer.view())
