"""Transfer of communications hubs in stock between two parties (MP140).

The format of the DCC's own exchange was not published: manifest, inventory and their rules are
this project's. `manifest.py` says what a transfer is, `credentials.py` who signs it,
`inventory.py` keeps who owns which hub, `differences.py` compares two inventories.
"""
