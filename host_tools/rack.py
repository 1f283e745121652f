"""Places of a labgrid coordinator: found, acquired, resolved to a link, released.

labgrid (https://labgrid.readthedocs.io) is imported only here, and only when a place is asked for.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from getpass import getuser
from queue import SimpleQueue
from socket import gethostname
from threading import Condition, Thread
from types import TracebackType
from typing import Any

from host_tools.console import complain
from host_tools.transports import RFC2217

__all__ = ["COORDINATOR", "PlaceError", "Rack"]

# Where labgrid's own tools look for a coordinator that nobody names.
COORDINATOR = "127.0.0.1:20408"
_PORT = 20408
_SERIAL = "NetworkSerialPort"  # what an exporter makes of each serial port
_LINKS = {"raw": "{host}:{port}", "rfc2217": RFC2217 + "{host}:{port}?speed={speed}"}
_ANSWER = 15.0  # seconds for an answer of the coordinator, which gives an exporter ten


class PlaceError(ValueError):
    """A place cannot be had, or has no link; the text says which place and why."""


def _labgrid(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise PlaceError(
            f"--place: needs labgrid: pip install 'smets-firmware[labgrid]' ({error})"
        ) from error


class Rack:
    """A client of a coordinator; within `with` it follows what places and resources there are.

    What it has acquired it releases at the end, also of a run that fails.
    """

    def __init__(self, address: str = COORDINATOR, patience: float = 10.0) -> None:
        """`patience` is how many seconds the coordinator, or a port of a place, may take."""
        self.address = address if ":" in address else f"{address}:{_PORT}"
        self._patience = patience
        self._grpc = _labgrid("grpc")
        self._common = _labgrid("labgrid.remote.common")
        self._version: str = _labgrid("labgrid.util").labgrid_version()
        generated = "labgrid.remote.generated.labgrid_coordinator_pb2"
        self._pb2, service = _labgrid(generated), _labgrid(f"{generated}_grpc")
        host = os.environ.get("LG_HOSTNAME", gethostname())
        self.user = f"{host}/{os.environ.get('LG_USERNAME') or getuser()}"
        # The coordinator knows a client by its connection, which no other one may share.
        own = (("grpc.use_local_subchannel_pool", 1),)
        self._channel = self._grpc.insecure_channel(self.address, options=own)
        self._service = service.CoordinatorStub(self._channel)
        self._out: SimpleQueue[Any] = SimpleQueue()
        self._changed = Condition()
        self._synced = False
        self._ended = ""  # why the stream of news ended
        self._places: dict[str, Any] = {}
        self._resources: dict[tuple[str, str, str], Any] = {}  # by exporter, group, name
        self._acquired: list[str] = []

    def __enter__(self) -> Rack:
        """Connect; PlaceError where no coordinator answers."""
        Thread(target=self._follow, daemon=True).start()
        self._say("startup", version=self._version, name=self.user)
        self._say("subscribe", all_places=True)
        self._say("subscribe", all_resources=True)
        self._say("sync", id=1)
        try:
            self._await(lambda: self._synced, "it does not answer")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release what was acquired, and end the connection."""
        while self._acquired:
            name = self._acquired.pop()
            try:
                self._ask("ReleasePlace", "release", name, fromuser=self.user)
            except PlaceError as failure:
                complain(str(failure))
        self._close()

    def find(self, patterns: Sequence[str]) -> list[str]:
        """The names of the places that patterns (`gpf-*`) name, each once; PlaceError for none."""
        found: dict[str, None] = {}
        names = sorted(self._places)
        for pattern in patterns:
            named = [pattern] if pattern in names else []
            matched = named or [name for name in names if self._is(name, pattern)]
            if not matched:
                there = ", ".join(names) or "none"
                raise PlaceError(
                    f"--place {pattern}: {self.address} has no such place; its places: {there}"
                )
            found |= dict.fromkeys(matched)
        return list(found)

    def check(self, name: str, resource: str = "") -> None:
        """PlaceError where a place is somebody else's, or has no link; nothing is acquired."""
        place = self._places[name]
        if place.acquired and not self._may_use(place):
            raise PlaceError(
                f"place {name}: is acquired by {place.acquired}, and not by {self.user}"
            )
        self._port(name, resource)

    def acquire(self, name: str, resource: str = "") -> str:
        """The link to a place's device, as `--engine` takes it; PlaceError where there is none.

        A place that this user, or one who allows it, has acquired already is used and is not
        released in the end.
        """
        self.check(name, resource)
        if not self._places[name].acquired:
            self._acquired.append(name)  # before: Ctrl-C may come while it is acquired
            try:
                self._ask("AcquirePlace", "acquire", name)
            except PlaceError:
                self._acquired.remove(name)
                raise
        key = self._port(name, resource)
        self._await(
            lambda: bool(self._is_ready(key)),
            f"place {name}: its serial port {'/'.join(key)} is not available",
        )
        return self._link(name, self._resources[key])

    def _is(self, name: str, pattern: str) -> bool:
        aliases: set[str] = self._places[name].aliases
        return any(fnmatchcase(each, pattern) for each in (name, *aliases))

    def _may_use(self, place: Any) -> bool:
        return self.user == place.acquired or self.user in place.allowed

    def _port(self, name: str, wanted: str) -> tuple[str, str, str]:
        """The key of the one serial port of a place that has the wanted name, if any."""
        others: list[str] = []
        ports: dict[tuple[str, str, str], str] = {}
        for key, resource in sorted(self._resources.items()):
            exporter, group, own = key
            match = self._places[name].getmatch((exporter, group, resource.cls, own))
            if match is None:
                continue
            if resource.cls == _SERIAL:
                ports[key] = match.rename or own
            else:
                others.append(resource.cls)
        chosen = {key: own for key, own in ports.items() if wanted in ("", own)}
        if len(chosen) == 1:
            return next(iter(chosen))
        if chosen:
            raise PlaceError(
                f"place {name}: has {len(chosen)} serial ports ({', '.join(chosen.values())}): "
                "name one with --resource"
            )
        there = ", ".join((*ports.values(), *others)) or "nothing that an exporter offers now"
        what = f"serial port {wanted}" if wanted else "serial port (NetworkSerialPort)"
        raise PlaceError(f"place {name}: has no {what}; it has {there}")

    def _is_ready(self, key: tuple[str, str, str]) -> bool:
        resource = self._resources.get(key)
        return resource is not None and resource.avail and bool(resource.params.get("port"))

    def _link(self, name: str, resource: Any) -> str:
        params: dict[str, Any] = resource.params
        if resource.extra.get("proxy_required"):
            raise PlaceError(
                f"place {name}: its exporter is isolated: open a tunnel to its "
                f"{params['host']}:{params['port']} and use --engine"
            )
        protocol = params.get("protocol", "rfc2217")
        if protocol not in _LINKS:
            raise PlaceError(
                f"place {name}: its port's protocol is {protocol}, not {' or '.join(_LINKS)}"
            )
        return _LINKS[protocol].format(**{"speed": 115200, **params})

    def _say(self, kind: str, **members: Any) -> None:
        message = self._pb2.ClientInMessage()
        for name, value in members.items():
            setattr(getattr(message, kind), name, value)
        self._out.put(message)

    def _ask(self, method: str, word: str, place: str, **more: str) -> None:
        request = getattr(self._pb2, f"{method}Request")(placename=place, **more)
        try:
            getattr(self._service, method)(request, timeout=_ANSWER)
        except self._grpc.RpcError as error:
            raise PlaceError(f"place {place}: cannot {word} it: {error.details()}") from error

    def _follow(self) -> None:
        """Take the news of the coordinator until the stream ends."""
        try:
            for message in self._service.ClientStream(self._said()):
                with self._changed:
                    for update in message.updates:
                        self._take(update)
                    self._synced |= message.HasField("sync")
                    self._changed.notify_all()
            why = "it ended the connection"
        except self._grpc.RpcError as error:
            why = str(error.details())
        with self._changed:
            self._ended = why
            self._changed.notify_all()

    def _said(self) -> Iterator[Any]:
        while (message := self._out.get()) is not None:
            yield message

    def _take(self, update: Any) -> None:
        kind = update.WhichOneof("kind")
        if kind == "place":
            self._places[update.place.name] = self._common.Place.from_pb2(update.place)
        elif kind == "del_place":
            self._places.pop(update.del_place, None)
        elif kind == "resource":
            entry = self._common.ResourceEntry
            found = entry(entry.data_from_pb2(update.resource))
            self._resources[_key(update.resource.path)] = found
        elif kind == "del_resource":
            self._resources.pop(_key(update.del_resource), None)

    def _await(self, what: Callable[[], bool], otherwise: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or what(), self._patience)
            if self._ended:
                raise PlaceError(f"no labgrid coordinator at {self.address}: {self._ended}")
            if not what():
                late = f" within {self._patience:g} s"
                where = "" if self._synced else f"no labgrid coordinator at {self.address}: "
                raise PlaceError(f"{where}{otherwise}{late}")

    def _close(self) -> None:
        self._out.put(None)
        self._channel.close()


def _key(path: Any) -> tuple[str, str, str]:
    return path.exporter_name, path.group_name, path.resource_name
