# What a gas meter counts, charges and keeps (meter.md); the features of it are named in
# features/catalogue.py.
