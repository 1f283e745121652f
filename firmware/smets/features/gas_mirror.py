# The GPF's copy of the gas meter: reports are staged, then committed whole with their stamp.
# A report ends with AttributeReportingStatus complete (SE 1.2a); only then do reads change. A
# snapshot that the meter publishes at midnight is an update too (GBCS 10.4.2.1).
from smets import clock
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.document import EUI
from smets.eui import parse_eui
from smets.features import stamp
from smets.features.feature import Feature
from smets.zcl import (
    attributes,
    clusters,
    commands,
    endpoints,
    frame,
    typed,
    types,
)

METERING = clusters.METERING
# What a meter publishes of its logs: commands of Metering and of Prepayment (gas_snapshots.py).
_PUBLISHED = (bytes((commands.PUBLISH_SNAPSHOT,)), b"\x01\x05\x06")
_HALF_HOUR = const(1800)
# Seconds between two reports that tell that one between them is missing: a hub's own stamps are
# some seconds late.
_GAP = const(2700)

_COMPLETE = const(1)
# Clusters that a meter may fill. It may not fill the hub's own clusters, such as time and tenancy.
_MIRRORED = (clusters.BASIC, clusters.PRICE, clusters.METERING, clusters.PREPAYMENT)
# project-choice: frames of one meter count up in their transaction sequence number, so a gap means
# that a frame was lost; the report it belongs to is not committed. Without this, values of the
# last report would stand under the stamp of the new one. Alternative: False, commit what came.
_GAP_DROPS = True
# A gas meter has some sixty attributes to report; a report that does not end is cut off here.
_MOST_STAGED = const(96)


def is_update(cluster: int, request) -> bool:
    """Whether a frame is one by which a meter fills its mirror: a report, or a row of a log."""
    if not request.from_server:
        return False
    if request.cluster_specific:
        published = cluster in (METERING, clusters.PREPAYMENT)
        return published and request.command in _PUBLISHED[cluster != METERING]
    return request.command == frame.REPORT_ATTRIBUTES


class GasMirror(Feature):
    """Stages Report Attributes of the GSME and commits them into the served attributes."""

    inputs = {"gsme": ("pair", EUI)}
    # Until the meter reports again there is nothing in the mirror.
    volatile = ("stamp", "zcl")

    def __init__(self, device):
        super().__init__(device)
        self.gsme = b""  # EUI-64 of the paired meter; reports of others are ignored
        self._staged = {}  # cluster -> attribute -> octets
        self._count = 0
        self._complete = False  # whether the frame at hand ends its report
        self._dropping = False  # whether a frame of the report at hand was malformed
        self.sequence = -1  # of the last frame
        self._frame = (0, b"")  # its cluster and payload
        self.stamp = stamp.Stamp()
        # Stamp of the last snapshot, what moved since the last report, the stamp of that.
        self.moved = (self.stamp, ())
        self.reported = self.stamp
        self.commits = 0
        self.lost = 0  # reports not committed because a frame of theirs did not come
        self.malformed = 0
        # What asks for what was missed (gas_catch_up.CatchUp), while there is something; `lost` at
        # the last report: none after a start, when nobody knows what came meanwhile.
        self.catching = None
        self._whole = -1

    def pair(self, eui: str):
        """Take reports of the gas meter with this EUI-64 (16 hexadecimal digits)."""
        self.gsme = parse_eui(eui)

    def receive(self, frame_in) -> bool:
        """See Feature: what the meter sends to its mirror."""
        if frame_in.destination_endpoint != endpoints.MIRROR:
            return False
        request = frame.parse(frame_in.payload)
        catching = self.catching
        if catching and frame_in.source == self.gsme:
            if catching.receive(frame_in.cluster, request):
                return True
        if not is_update(frame_in.cluster, request):
            return False
        if frame_in.source != self.gsme:
            self.device.ignore("stranger")
        elif self.report(frame_in.cluster, request):
            self._log()
        return True

    def _log(self):
        """Enter the register of a committed update in the logs, at its half hour."""
        register = self.device.zcl.get(METERING, attributes.CURRENT_SUMMATION_DELIVERED)
        if not isinstance(register, int) or self.stamp.status == clock.INVALID:
            return
        logs = self.device.feature("logs")
        if logs and self.stamp.seconds % _HALF_HOUR == 0:
            logs.record(self.stamp.seconds, register)

    def header_stamp(self, writer):
        """See Feature: the stamp of the update that the values of the answer came with.

        project-choice: a snapshot moves the registers alone, so an answer with anything else that
        changes with time has the stamp of the report before it. Alternative: that of the snapshot,
        which is newer than such values.
        """
        moved_by, moved = self.moved
        shown = self.stamp
        if shown is moved_by and moved:
            from smets.features import gas_snapshots

            if not gas_snapshots.all_of(moved, self.device.zcl.asked):
                shown = self.reported
        stamp.put(writer, stamp.GPF, shown)

    def summary(self) -> dict:
        """See Feature: the mirrored register, its stamp, updates so far."""
        told = {
            "source": stamp.SOURCE_NAMES[self.stamp.source],
            "status": clock.STATUS_NAMES[self.stamp.status],
        }
        if self.stamp.status != clock.INVALID:
            told["time"] = clock.format_iso(self.stamp.seconds)
        register = self.device.zcl.get(METERING, attributes.CURRENT_SUMMATION_DELIVERED)
        return {"register": register, "updates": self.commits, "stamp": told}

    def report(self, cluster: int, request) -> bool:
        """Take one frame that `is_update`; True when it completed an update.

        A malformed or missing frame is counted and drops the whole report, with what is still to
        come of it: values of two reports are never mixed. A frame that comes twice counts once.
        """
        if not self._in_order(cluster, request):
            return False
        if request.cluster_specific:
            from smets.features import gas_snapshots

            return gas_snapshots.take(self, cluster, request)
        self._complete = False
        if cluster not in _MIRRORED:
            self.malformed += 1
            return False
        try:
            self._stage(cluster, Reader(request.payload))
        except DecodeError:
            self.malformed += 1
            self.abort()
            self._dropping = not self._complete
            return False
        if not self._complete:
            return False
        staged, dropping = self._staged, self._dropping
        self.abort()
        if not dropping:
            before = self.reported
            self.commit(staged, _snapshot_time(staged))
            self.reported = self.stamp
            history = self.device.feature("gas_history")
            if history:
                # After a start the last report is that which was kept.
                last = history.last[0] if before.status == clock.INVALID else before.seconds
                history.book(self.stamp, staged)
                self._catch_up(history, last)
        return not dropping

    def _catch_up(self, history, last: int):
        """Ask for what was missed since the report before this one, which was of UTC `last`."""
        seconds = self.stamp.seconds
        if self.stamp.status == clock.INVALID:
            return
        if self._whole != self.lost or seconds - last > _GAP:
            history.miss(last)
            self.catching = None  # what it had asked for may be missing again
        self._whole = self.lost
        if history.missed >= 0:
            if self.catching is None:
                from smets.features.gas_catch_up import CatchUp

                self.catching = CatchUp(self, history)
            self.catching.remind()

    def _in_order(self, cluster, request) -> bool:
        """Note a frame; False for one that has come before.

        A meter may give all its frames one sequence number: other content is another frame.
        """
        last, self.sequence = self.sequence, request.sequence
        before, self._frame = self._frame, (cluster, bytes(request.payload))
        if self.sequence == last and self._frame == before:
            return False
        gap = last >= 0 and self.sequence not in (last, (last + 1) & 0xFF)
        if _GAP_DROPS and gap and not self._dropping:
            self.lost += 1
            self.abort()
            self._dropping = True
        return True

    def abort(self):
        """Forget what is staged; values and stamp stay those of the last commit."""
        self._staged = {}
        self._count = 0
        self._dropping = False

    def _stage(self, cluster, reader):
        values = self._staged.setdefault(cluster, {})
        unfit = -1
        while reader.left():
            attribute = reader.le(2, "attribute id")
            start = reader.pos
            type_id = reader.u8("data type")
            value = types.read_value(reader, type_id)
            if attribute == attributes.ATTRIBUTE_REPORTING_STATUS:
                self._complete = value == _COMPLETE
                continue
            if self._complete:
                raise DecodeError(start, "attribute after AttributeReportingStatus complete")
            self._count += 1
            if self._count > _MOST_STAGED:
                raise DecodeError(start, "report too long")
            if not _mirrors(cluster, attribute, type_id):
                unfit = start  # raised at the end: first find out whether the report ends here
            values[attribute] = bytes(reader.data[start : reader.pos])
        if unfit >= 0:
            raise DecodeError(unfit, "not the type of the attribute")

    def commit(self, staged, seconds: int):
        """Take values (cluster -> attribute -> octets) that are of UTC `seconds`."""
        self.stamp = stamp.committed(seconds, self.device.clock)
        tap = self.device.feature("tap_off")
        if tap and self.stamp.seconds < tap.since:
            staged.pop(clusters.PRICE, None)  # the meter made it before it took what was tapped
        for cluster in staged:
            values = self.device.zcl.attributes.setdefault(cluster, {})
            for attribute, octets in staged[cluster].items():
                # What the hub works out itself stays.
                if not self.device.zcl.serves(cluster, attribute):
                    values[attribute] = octets
        self.show_stamp()
        self.commits += 1

    def show_stamp(self):
        """Serve the stamp's time to the HAN as ReadingSnapShotTime; FFFFFFFF where invalid.

        project-choice: after a snapshot it stays that of the report before, since a display shows
        it beside credit and debts, which a snapshot does not move. Alternative: the snapshot's,
        since the registers are of then.
        """
        moved_by, moved = self.moved
        shown = self.reported if moved and self.stamp is moved_by else self.stamp
        seconds = shown.seconds if shown.status != clock.INVALID else clock.UTC_INVALID
        self.device.zcl.set(METERING, attributes.READING_SNAPSHOT_TIME, types.UTC_TIME, seconds)


def _mirrors(cluster: int, attribute: int, type_id: int) -> bool:
    # A time of another type is ignored (see _snapshot_time). Unknown attributes are taken
    # unchanged.
    if (
        attribute == attributes.READING_SNAPSHOT_TIME
        or attributes.type_of(cluster, attribute) is None
    ):
        return True
    return typed.fits(cluster, attribute, type_id)


def _snapshot_time(staged) -> int:
    """ReadingSnapShotTime of a report, UTC_INVALID where it has none."""
    octets = staged.get(METERING, {}).get(attributes.READING_SNAPSHOT_TIME)
    if octets is None or octets[0] != types.UTC_TIME:
        return clock.UTC_INVALID
    return int.from_bytes(octets[1:5], "little")


FEATURE = GasMirror
