"""The Wireshark dissector of GBCS messages: its parts in Lua, and the one file made of them.

`lua/*.lua` are the parts. `lua/names.lua` is made from the tables that `smets parse` uses
(`names.py`, `make dissector`). `bundle.py` puts them into one file, since Wireshark loads every
file of its plugins folder by itself and in no order that could be relied on.
"""
