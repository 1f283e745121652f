# Commands of the clusters that GB devices use: ids by their names (ZSE 1.4, GBCS).
# An id counts within its cluster and its direction. Attributes: attributes.py.
from smets.compat import const

# Price, from the server
PUBLISH_PRICE = const(0x00)
PUBLISH_BLOCK_PERIOD = const(0x01)
PUBLISH_CONVERSION_FACTOR = const(0x02)
PUBLISH_CALORIFIC_VALUE = const(0x03)
PUBLISH_TARIFF_INFORMATION = const(0x04)
PUBLISH_PRICE_MATRIX = const(0x05)
PUBLISH_BLOCK_THRESHOLDS = const(0x06)
GET_BILLING_PERIOD = const(0x0B)
PUBLISH_BILLING_PERIOD = const(0x09)
# from the client
GET_CURRENT_PRICE = const(0x00)
GET_SCHEDULED_PRICES = const(0x02)

# Metering, from the server
PUBLISH_SNAPSHOT = const(0x06)
GET_SAMPLED_DATA_RESPONSE = const(0x07)
SUPPLY_STATUS_RESPONSE = const(0x0C)
START_SAMPLING_RESPONSE = const(0x0D)
# from the client
GET_SNAPSHOT = const(0x06)
START_SAMPLING = const(0x07)
GET_SAMPLED_DATA = const(0x08)
CHANGE_SUPPLY = const(0x0B)
LOCAL_CHANGE_SUPPLY = const(0x0C)
SET_SUPPLY_STATUS = const(0x0D)
SET_UNCONTROLLED_FLOW_THRESHOLD = const(0x0E)

# Messaging, from the server
DISPLAY_MESSAGE = const(0x00)
# from the client
GET_LAST_MESSAGE = const(0x00)

# Prepayment, from the server
PUBLISH_PREPAY_SNAPSHOT = const(0x01)
CHANGE_PAYMENT_MODE_RESPONSE = const(0x02)
CONSUMER_TOP_UP_RESPONSE = const(0x03)
PUBLISH_TOP_UP_LOG = const(0x05)
PUBLISH_DEBT_LOG = const(0x06)
# from the client
SELECT_AVAILABLE_EMERGENCY_CREDIT = const(0x00)
CHANGE_DEBT = const(0x02)
EMERGENCY_CREDIT_SETUP = const(0x03)
CONSUMER_TOP_UP = const(0x04)
CREDIT_ADJUSTMENT = const(0x05)
CHANGE_PAYMENT_MODE = const(0x06)
GET_PREPAY_SNAPSHOT = const(0x07)
GET_TOP_UP_LOG = const(0x08)
SET_LOW_CREDIT_WARNING_LEVEL = const(0x09)
GET_DEBT_REPAYMENT_LOG = const(0x0A)
SET_MAXIMUM_CREDIT_LIMIT = const(0x0B)
SET_OVERALL_DEBT_CAP = const(0x0C)

# Calendar, from the server; a client gets each part with the command of the same id
PUBLISH_CALENDAR = const(0x00)
PUBLISH_DAY_PROFILE = const(0x01)
PUBLISH_WEEK_PROFILE = const(0x02)
PUBLISH_SEASONS = const(0x03)
PUBLISH_SPECIAL_DAYS = const(0x04)
# from the client
GET_DAY_PROFILES = const(0x01)

# Device Management, from the server
PUBLISH_CHANGE_OF_TENANCY = const(0x00)
PUBLISH_CHANGE_OF_SUPPLIER = const(0x01)
REQUEST_NEW_PASSWORD_RESPONSE = const(0x02)
UPDATE_SITE_ID = const(0x03)
SET_EVENT_CONFIGURATION = const(0x04)
UPDATE_CIN = const(0x06)
# from the client
GET_CHANGE_OF_TENANCY = const(0x00)
REPORT_EVENT_CONFIGURATION = const(0x04)

# Events, from the server
PUBLISH_EVENT = const(0x00)
PUBLISH_EVENT_LOG = const(0x01)
CLEAR_EVENT_LOG_RESPONSE = const(0x02)
# from the client
GET_EVENT_LOG = const(0x00)
CLEAR_EVENT_LOG_REQUEST = const(0x01)
