# Attribute values that come over the air, checked once: of the type that the attribute has, and
# with the values that stand for "not available" taken for what they are (ZCL 2.6.2.1).
from smets.zcl import attributes, types

# "Not available": all bits of an unsigned type are one, only the highest of a signed type.
_UNSIGNED = (types.UINT8, 0x27)
_SIGNED = (types.INT8, 0x2F)
# Other types in which all ones mean "not available". In a bitmap all ones could be a value, but
# these attributes do not use all of their bits.
_ALL_ONES = {
    types.BITMAP8: 0xFF,
    types.BITMAP16: 0xFFFF,
    types.ENUM8: 0xFF,
    types.UTC_TIME: 0xFFFFFFFF,
}


def not_available(type_id: int):
    """The value of a type that means "not available"; None for a type without one."""
    if _UNSIGNED[0] <= type_id <= _UNSIGNED[1]:
        return (1 << 8 * (type_id - _UNSIGNED[0] + 1)) - 1
    if _SIGNED[0] <= type_id <= _SIGNED[1]:
        return -1 << 8 * (type_id - _SIGNED[0] + 1) - 1
    return _ALL_ONES.get(type_id)


def fits(cluster: int, attribute: int, type_id: int) -> bool:
    """Whether a type is that of the attribute. An attribute that no table has fits nothing."""
    return attributes.type_of(cluster, attribute) == type_id


def read(cluster: int, attribute: int, type_id: int, value):
    """A value that was read, as an integer or octets; None where it is not available.

    A value of another type than the attribute's is not available.
    """
    if not fits(cluster, attribute, type_id) or value == not_available(type_id):
        return None
    return value
