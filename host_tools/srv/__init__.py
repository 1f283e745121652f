"""MP141: the titles of the service requests and responses that a device has sent or received.

Titles only: no reading, no payload. The modification's own requirements are not public; columns
are those that a record has in the DUIS and MMC schemas.
"""
