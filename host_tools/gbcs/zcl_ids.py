"""Clusters, attributes and commands by name, as the decoder's table numbers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from host_tools.gbcs.zcl_table import attribute, attribute_id, cluster_id, command_id

BASIC: Final = cluster_id("Basic")
TIME: Final = cluster_id("Time")
PRICE: Final = cluster_id("Price")
METERING: Final = cluster_id("Metering")
PREPAYMENT: Final = cluster_id("Prepayment")
DEVICE_MANAGEMENT: Final = cluster_id("Device Management")
EVENTS: Final = cluster_id("Events")
MESSAGING: Final = cluster_id("Messaging")

TIME_NOW: Final = attribute_id(TIME, "Time")
TIME_STATUS: Final = attribute_id(TIME, "TimeStatus")

STANDING_CHARGE: Final = attribute_id(PRICE, "StandingCharge")
CURRENCY: Final = attribute_id(PRICE, "Currency")
PRICE_TRAILING_DIGIT: Final = attribute_id(PRICE, "PriceTrailingDigit")

CURRENT_SUMMATION_DELIVERED: Final = attribute_id(METERING, "CurrentSummationDelivered")
READING_SNAPSHOT_TIME: Final = attribute_id(METERING, "ReadingSnapShotTime")
UNIT_OF_MEASURE: Final = attribute_id(METERING, "UnitofMeasure")
MULTIPLIER: Final = attribute_id(METERING, "Multiplier")
DIVISOR: Final = attribute_id(METERING, "Divisor")
ATTRIBUTE_REPORTING_STATUS: Final = attribute_id(METERING, "AttributeReportingStatus")

PAYMENT_CONTROL_CONFIGURATION: Final = attribute_id(PREPAYMENT, "PaymentControlConfiguration")
CREDIT_REMAINING: Final = attribute_id(PREPAYMENT, "CreditRemaining")

CHANGE_OF_TENANCY_UPDATE_DATE_TIME: Final = attribute_id(
    DEVICE_MANAGEMENT, "ChangeofTenancyUpdateDateTime"
)
PROPOSED_TENANCY_CHANGE_CONTROL: Final = attribute_id(
    DEVICE_MANAGEMENT, "ProposedTenancyChangeControl"
)
# Bit 9 of ProposedTenancyChangeControl: clear IHD data, consumer.
CLEAR_CONSUMER: Final = 0x00000200

GET_SAMPLED_DATA: Final = command_id(METERING, "GetSampledData")
GET_SAMPLED_DATA_RESPONSE: Final = command_id(METERING, "GetSampledDataResponse")
GET_CURRENT_PRICE: Final = command_id(PRICE, "Get Current Price")
GET_LAST_MESSAGE: Final = command_id(MESSAGING, "Get Last Message")
LOCAL_CHANGE_SUPPLY: Final = command_id(METERING, "Local Change Supply")
SELECT_AVAILABLE_EMERGENCY_CREDIT: Final = command_id(
    PREPAYMENT, "Select Available Emergency Credit"
)
CONSUMER_TOP_UP: Final = command_id(PREPAYMENT, "Consumer Top Up")
CONSUMER_TOP_UP_RESPONSE: Final = command_id(PREPAYMENT, "Consumer Top Up Response")
GET_EVENT_CONFIGURATION: Final = command_id(DEVICE_MANAGEMENT, "GetEventConfiguration")


def key(number: int) -> str:
    """A cluster or an attribute as a STATE document has it."""
    return f"0x{number:04X}"


def values(cluster: int, named: Mapping[str, int | str]) -> dict[str, dict[str, Any]]:
    """The attributes of a cluster in a STATE document, with the types of the table."""
    document: dict[str, dict[str, Any]] = {}
    for name, value in named.items():
        number = attribute_id(cluster, name)
        document[key(number)] = {"type": f"0x{attribute(cluster, number)[1]:02X}", "value": value}
    return document
