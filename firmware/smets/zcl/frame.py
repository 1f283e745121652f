# ZCL frames: frame control, transaction sequence number, command, payload (ZCL 2.4.1).
# Profile-wide commands and status codes are those of ZCL chapter 2.5.
from smets.codec import DecodeError, Reader
from smets.compat import const

# Frame control bits.
CLUSTER_SPECIFIC = const(0x01)
MANUFACTURER = const(0x04)
SERVER_TO_CLIENT = const(0x08)
NO_DEFAULT_RESPONSE = const(0x10)

# Profile-wide commands.
READ_ATTRIBUTES = const(0x00)
READ_ATTRIBUTES_RESPONSE = const(0x01)
WRITE_ATTRIBUTES = const(0x02)
WRITE_ATTRIBUTES_RESPONSE = const(0x04)
CONFIGURE_REPORTING = const(0x06)
CONFIGURE_REPORTING_RESPONSE = const(0x07)
REPORT_ATTRIBUTES = const(0x0A)
DEFAULT_RESPONSE = const(0x0B)

# Status codes.
SUCCESS = const(0x00)
FAILURE = const(0x01)
NOT_AUTHORIZED = const(0x7E)
MALFORMED_COMMAND = const(0x80)
UNSUP_CLUSTER_COMMAND = const(0x81)
UNSUP_GENERAL_COMMAND = const(0x82)
UNSUPPORTED_ATTRIBUTE = const(0x86)
INVALID_VALUE = const(0x87)
READ_ONLY = const(0x88)
NOT_FOUND = const(0x8B)
UNREPORTABLE_ATTRIBUTE = const(0x8C)
ACTION_DENIED = const(0x93)
HARDWARE_FAILURE = const(0xC0)
UNSUPPORTED_CLUSTER = const(0xC3)


class Frame:
    """A parsed ZCL frame; `payload` is a view of the octets it came from."""

    __slots__ = ("frame_control", "manufacturer", "sequence", "command", "payload")

    def __init__(self, frame_control, manufacturer, sequence, command, payload):
        self.frame_control = frame_control
        self.manufacturer = manufacturer
        self.sequence = sequence
        self.command = command
        self.payload = payload

    @property
    def cluster_specific(self) -> bool:
        """Whether the command belongs to the cluster and not to the profile."""
        return bool(self.frame_control & CLUSTER_SPECIFIC)

    @property
    def from_server(self) -> bool:
        """Direction: sent by the server side of the cluster."""
        return bool(self.frame_control & SERVER_TO_CLIENT)

    @property
    def wants_default_response(self) -> bool:
        """Whether the sender asks for a Default Response also on success."""
        return not self.frame_control & NO_DEFAULT_RESPONSE


def parse(data) -> Frame:
    """Split a ZCL frame; DecodeError for frame types 2 and 3, reserved bits and short frames."""
    reader = Reader(data)
    control = reader.u8("frame control")
    if control & 0xE2:
        raise DecodeError(0, "frame control %02X" % control)
    manufacturer = reader.le(2, "manufacturer code") if control & MANUFACTURER else 0
    sequence = reader.u8("sequence number")
    command = reader.u8("command")
    return Frame(control, manufacturer, sequence, command, reader.view(reader.left(), "payload"))


def header(frame_control: int, sequence: int, command: int, payload=b"") -> bytes:
    """Build a frame without a manufacturer code."""
    return bytes((frame_control, sequence, command)) + bytes(payload)


def default_response(request: Frame, status: int, command: int = -1) -> bytes:
    """The Default Response to `request`, in the other direction.

    `command` overrides the echoed command id (FF in GBZ, for components not carried out).
    """
    control = (request.frame_control & (SERVER_TO_CLIENT | NO_DEFAULT_RESPONSE)) ^ SERVER_TO_CLIENT
    echo = request.command if command < 0 else command
    return bytes((control, request.sequence, DEFAULT_RESPONSE, echo, status))
