"""`python -m host_tools.dissector`: writes names.lua again (`make dissector`)."""

from pathlib import Path

from host_tools.dissector.names import made

if __name__ == "__main__":
    Path(__file__).with_name("lua").joinpath("names.lua").write_text(made(), encoding="utf-8")
