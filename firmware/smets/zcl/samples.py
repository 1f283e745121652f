# What GetSampledData of the Metering cluster reads (GCS17, GCS18, GCS61).
from smets.compat import const

PROFILE = const(0)  # SampleID of the Profile Data Log, half hours
DAILY = const(1)  # SampleID of the Daily Consumption Log, days
NETWORK = const(2)  # SampleID of the Network Data Log, six minutes

# SampleRequestInterval that stands for 24 hours; any other is in seconds.
DAILY_INTERVAL = const(0xFFFF)
