"""A user that nobody here wrote: the DCC's own public npm packages sign, send and validate.

`@smartdcc/duis-parser` makes the documents from request templates and reads the answers,
`@smartdcc/duis-sign-wrap` (Java) signs and validates. DCC_CLIENTS is a node_modules folder with
both (make dcc-judge). The user's XML keys, and the DCC's, are the public test keys of that tool.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import zipfile
from base64 import b64decode
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key
from dcc_bench import DEVICES, HOME, Here, bench, dashed, free_port, load
from outside import CLIENTS, DUIS

from host_tools.dcc.gateway import Gateway, Known
from host_tools.dcc.lines import Line, opener
from host_tools.dcc.server import App, Server
from host_tools.dcc.store import Store
from host_tools.duis.credentials import Credentials
from host_tools.duis.pki import pem
from host_tools.duis.schema import Schema
from host_tools.example import GAS_STATE
from host_tools.gbcs.message import decode
from host_tools.mmc.document import make
from host_tools.testkeys import make_home

pytestmark = [pytest.mark.needs_duis, pytest.mark.needs_clients, pytest.mark.slow]
HERE = Path(__file__).parent
# Use case -> the request template, and the device that it is for.
ASKED = {
    "GCS13a": ("GCS13a_4.1.1_SUCCESS_RELIABLE_GPF", "gpf"),
    "ECS23": ("ECS23_4.10_SUCCESS", "esme"),
    "ECS17b": ("ECS17b_4.1.1_SINGLE_SUCCESS", "esme"),
    "ECS12": ("ECS12_3.2_SUCCESS", "esme"),
    "GCS09": ("GCS09_3.2_SUCCESS", "gpf"),
    "ECS01a": ("ECS01a_1.1.1_IMMEDIATE_BLOCK_SUCCESS", "esme"),
}
CRITICAL = {"ECS01a"}


def tool_keys(folder):
    """The certificates and keys of the tool that sign XML: user and DCC, with their EUI-64s."""
    entries, euis = [], {}
    with zipfile.ZipFile(CLIENTS / "@smartdcc" / "duis-sign-wrap" / "dist" / "tool.jar") as jar:
        for name in jar.namelist():
            found = re.fullmatch(r"(dsp-)?xml-sign-([0-9A-F]{16})-ds\.pem", name)
            if not found:
                continue
            secret = jar.read(name.replace(".pem", ".key"))
            (folder / name).write_bytes(jar.read(name))
            (folder / f"{name}.key").write_bytes(pem(load_der_private_key(secret, None)))
            entries.append({"file": name, "key": f"{name}.key", "pinned": True})
            euis.setdefault("dcc" if found[1] else "user", []).append(found[2])
    (folder / "credentials.json").write_text(json.dumps({"certificates": entries}))
    return Credentials.load(folder / "credentials.json"), euis


@contextmanager
def gateway(folder, credentials, home, user, port):
    """A gateway with an electricity meter and a gas proxy, whose home the tool's user supplies."""
    known = Known(
        home.ring(),
        home.parties(),
        credentials,
        Schema.find(),
        {bytes.fromhex(user): f"http://127.0.0.1:{port}/smartdcc/duis"},
    )
    found = Gateway(Store(folder / "dcc.sqlite"), known)
    for role, state in (("esme", None), ("gpf", {"device": "GPF", "zcl": GAS_STATE})):
        eui = bytes.fromhex(DEVICES[role])
        begin = opener(lambda role=role: Here(role), load(role, home, state))
        found.lines[eui] = Line(eui, begin, found.requests, found.taker)
    server = Server(App(found))
    found.start()
    server.start()
    try:
        yield server
    finally:
        server.close()
        found.close()


def test_the_dccs_own_clients(tmp_path):
    assert shutil.which("node") and shutil.which("java"), "node and a Java runtime are needed"
    credentials, euis = tool_keys(tmp_path)
    template = (DUIS / "templates" / f"{ASKED['GCS13a'][0]}_REQUEST_DUIS.XML").read_text()
    user = re.search(r"RequestID>([0-9A-F-]{23}):", template)[1].replace("-", "")
    assert user in euis["user"]
    parties = (("access_control_broker", euis["dcc"][0]), ("supplier", user))
    home = make_home([(role.upper(), eui) for role, eui in DEVICES.items()], "judge", parties)
    (tmp_path / "user.pem").write_bytes(pem(home.parties().party("supplier").signing_key))
    port = free_port()
    with gateway(tmp_path, credentials, home, user, port) as server:
        counter = int(time.time() * 1000)
        requests = [
            {
                "name": name,
                "template": str(DUIS / "templates" / f"{template}_REQUEST_DUIS.XML"),
                "target": dashed(DEVICES[role]),
                "counter": counter + number,
            }
            for number, (name, (template, role)) in enumerate(ASKED.items())
        ]
        plan = {
            "gateway": f"http://127.0.0.1:{server.ports[0]}",
            "port": port,
            "key": str(tmp_path / "user.pem"),
            "requests": requests,
        }
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        done = subprocess.run(
            ["node", HERE / "judge" / "client.js", tmp_path / "plan.json"],
            env={**os.environ, "NODE_PATH": str(CLIENTS)},
            capture_output=True,
            text=True,
            timeout=180,
        )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (told[-1:], done.stderr)
    steps = [(item["name"], item["step"], item["code"]) for item in told]
    wanted = []
    for name in ASKED:
        wanted += [(name, "transformed", "I0")] if name in CRITICAL else []
        wanted += [(name, "acknowledged", "I99"), (name, "answered", "I0")]
    assert steps == wanted
    ring = home.ring()
    for item in told:
        if item["step"] != "answered":
            continue
        message = decode(b64decode(item["payload"]), ring)
        assert message.use_case.id == item["name"]
        assert all(check.passed for check in message.checks)
        document = make(message, ring)
        if item["name"] == "GCS13a":
            register = document.root.findtext(".//{*}ConsumptionRegister/{*}Value")
            assert Decimal(register) * 1000 == 4_567_890  # litres, of the state
        elif item["name"] in ("ECS12", "GCS09", "ECS01a"):
            assert document.success is True


def test_the_dccs_own_key_store_client(tmp_path):
    """It finds the certificates of devices, and their keys are those that the devices have."""
    with bench(tmp_path, ()) as one:
        done = subprocess.run(
            [
                "node",
                HERE / "judge" / "keys.js",
                f"127.0.0.1:{one.server.ports[0]}",
                *(dashed(eui) for eui in DEVICES.values()),
            ],
            env={**os.environ, "NODE_PATH": str(CLIENTS)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        item = json.loads(line)
        key = x509.load_pem_x509_certificate(item["pem"].encode()).public_key()
        found[item["eui"].upper(), item["keyUsage"]] = key.public_numbers()
    wanted = {}
    for device in HOME.parties().devices:
        wanted[device.id.hex().upper(), 0] = device.ds_public.public_numbers()
        wanted[device.id.hex().upper(), 4] = device.ka_public.public_numbers()
    assert found == wanted
