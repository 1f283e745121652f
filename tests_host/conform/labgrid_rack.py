"""A rack on loopback: labgrid's own coordinator and exporter, and a port as ser2net serves it."""

import json
import queue
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import grpc
import serial
from foreign_gpf import on_pty
from labgrid.remote.generated import labgrid_coordinator_pb2 as pb2
from labgrid.remote.generated.labgrid_coordinator_pb2_grpc import CoordinatorStub
from serial import rfc2217

BIN = Path(sys.executable).parent
TURN = 0.02


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class PtyPort(serial.Serial):
    """A pty has no modem lines."""

    cts = dsr = ri = cd = False
    dtr = rts = True


@contextmanager
def on_rfc2217(device):
    """Host, port and speeds asked for of a device on a pty, served as ser2net does: RFC 2217."""
    with on_pty(device) as path, PtyPort(path, 115200, timeout=TURN) as port:
        with socket.create_server(("127.0.0.1", 0)) as server:
            speeds = []

            def serve():
                while True:
                    try:
                        connection, _ = server.accept()
                    except OSError:
                        return
                    with connection:
                        carry(connection, port, speeds)

            threading.Thread(target=serve, daemon=True).start()
            try:
                yield *server.getsockname(), speeds
            finally:
                server.shutdown(socket.SHUT_RDWR)


class Wire:
    """What pyserial's manager of a port writes to: the client."""

    def __init__(self, connection):
        self.connection = connection

    def write(self, octets):
        self.connection.sendall(octets)


def carry(connection, port, speeds):
    """Carry octets between a client and a port until the client hangs up."""
    manager = rfc2217.PortManager(port, Wire(connection))
    ended = threading.Event()

    def back():
        while not ended.is_set():
            octets = port.read(port.in_waiting or 1)
            if octets:
                connection.sendall(b"".join(manager.escape(octets)))

    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    try:
        while octets := connection.recv(4096):
            port.write(b"".join(manager.filter(octets)))
    except OSError:
        pass
    ended.set()
    thread.join()
    speeds.append(port.baudrate)


class Rack:
    """A coordinator with these places, and exporters of these resources."""

    def __init__(self, folder, stack, resources, places, isolated=None):
        """`resources` as an exporter takes them; `places` are {name: groups of resources}.

        `isolated` are those of a second exporter, which wants tunnels to it.
        """
        self.address = f"127.0.0.1:{free_port()}"
        self._folder, self._stack = folder, stack
        matches = {
            name: {"matches": [{"exporter": "*", "group": g, "cls": "*"} for g in groups]}
            for name, groups in places.items()
        }
        # What is JSON is YAML.
        (folder / "places.yaml").write_text(json.dumps(matches))
        self._start("labgrid-coordinator", "-l", self.address)
        # An exporter that finds no coordinator ends.
        until(lambda: self._offered() == 0, "labgrid-coordinator")
        for file, exported, more in (("here", resources, ()), ("away", isolated, ("-i",))):
            if exported:
                (folder / file).write_text(json.dumps(exported))
                self._start("labgrid-exporter", "-c", self.address, "-n", file, *more, file)
        number = sum(map(len, places.values()))
        until(lambda: self._offered() >= number, "labgrid-exporter")

    def _offered(self):
        """Groups that the coordinator knows the resources of."""
        try:
            with Somebody(self.address, "test/ready") as client:
                return len(client.groups)
        except grpc.RpcError:
            return -1

    def _start(self, program, *words):
        with (self._folder / f"{program}.log").open("a") as log:
            started = subprocess.Popen(
                [BIN / program, *words], stdout=log, stderr=log, cwd=self._folder
            )
        self._stack.callback(started.wait, 10)
        self._stack.callback(started.kill)


def until(what, name, seconds=30):
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"{name}: not within {seconds} s"
        time.sleep(0.05)


class Somebody:
    """A user of the coordinator, host/name, for as long as it is open."""

    def __init__(self, address, user):
        own = (("grpc.use_local_subchannel_pool", 1),)  # a connection is a user
        self._channel = grpc.insecure_channel(address, options=own)
        self._stub = CoordinatorStub(self._channel)
        self._said = queue.SimpleQueue()
        self.user, self.groups = user, set()

    def __enter__(self):
        for message in (
            pb2.ClientInMessage(startup=pb2.StartupDone(version="0", name=self.user)),
            pb2.ClientInMessage(subscribe=pb2.Subscribe(all_resources=True)),
            pb2.ClientInMessage(sync=pb2.Sync(id=7)),
        ):
            self._said.put(message)
        try:
            self._stream = self._stub.ClientStream(iter(self._said.get, None))
            for news in self._stream:
                self.groups |= {u.resource.path.group_name for u in news.updates}
                if news.HasField("sync"):
                    break
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._said.put(None)
        self._channel.close()

    def acquire(self, place):
        self._stub.AcquirePlace(pb2.AcquirePlaceRequest(placename=place), timeout=10)

    def allow(self, place, user):
        self._stub.AllowPlace(pb2.AllowPlaceRequest(placename=place, user=user), timeout=10)

    def release(self, place):
        self._stub.ReleasePlace(pb2.ReleasePlaceRequest(placename=place), timeout=10)

    def owners(self):
        """{place: who has acquired it} of the places that are acquired."""
        places = self._stub.GetPlaces(pb2.GetPlacesRequest(), timeout=10).places
        return {place.name: place.acquired for place in places if place.acquired}
