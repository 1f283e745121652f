"""A gateway for test benches: DUIS over HTTP in, GBCS commands to devices, responses back.

`gateway` takes a request and answers it; `rules` says who may ask what; `broker` makes commands;
`store` keeps all of it in SQLite; `lines` are the devices' bench links; `post` takes answers to
the users' listeners; `server` is the HTTP side.
"""
