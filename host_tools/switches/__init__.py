"""Dormant switches (CR4465): none in sources, frozen images and schemas, but those with a reason.

A switch is dormant where a value that nothing but an edit of the code, of the environment or of a
file changes decides whether something runs. `sources.py` finds them in the syntax of modules,
`schemas.py` in what a file may say, `images.py` in what is frozen; `allowed.toml` has those that
are there for a reason. `manifest.py` lists what a release holds.
"""
