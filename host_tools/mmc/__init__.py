"""Parse and Correlate: GBCS responses and alerts as XML of the Message Mapping Catalogue (MMC).

`document` makes a document of a decoded message; `correlate` says which response answers which
request. What the DCC's own software writes is not public: see `choices` and docs/mmc.md.
"""
