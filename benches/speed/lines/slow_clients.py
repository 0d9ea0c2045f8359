"""Redirects while a thousand clients hold connections and do nothing with them."""

import socket
import threading
from collections.abc import Iterator

from outages.world import Service

from .. import seed
from ..burst import vanish
from ..generators import wrk
from ..line import Line, rounds
from ..world import Bench

#: Of each kind.
CLIENTS = 500


def slow_clients(world: Bench, messages: int, count: int, seconds: int) -> Iterator[Line]:
    """The limit is the service itself, without such clients."""
    history = seed.fill(world, messages)
    serve = world.service("serve")
    line = Line(f"redirects beside {CLIENTS} clients that send a byte a second, and {CLIENTS} that read nothing",
                "/s", "without them", 0.8)

    def ask(seconds: int = seconds) -> float:
        return wrk(serve.address, "redirects", seconds, 64, str(history.codes)).rate

    def beside() -> None:
        with Slow(serve) as slow:
            line.ours.append(ask())
        line.note = (f"{slow.dropped:,} of those that send were dropped and came again in {seconds} s; "
                     f"serve held at most {serve.most_memory() / 1e6:.0f} MB")

    ask(3)
    rounds(count, beside, lambda: line.limits.append(ask()))
    world.end(serve)
    yield line


class Slow:
    """Such clients, until the end of a `with`."""

    def __init__(self, serve: Service) -> None:
        host, port = serve.address.split(":")
        self._address = (host, int(port))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._dribble)
        #: Connections that the service closed, and that were opened again.
        self.dropped = 0

    def __enter__(self) -> "Slow":
        self._senders = [self._open() for _ in range(CLIENTS)]
        self._deaf = [self._ask_and_read_nothing() for _ in range(CLIENTS)]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        for client in self._senders + self._deaf:
            vanish(client)

    def _open(self) -> socket.socket:
        client = socket.create_connection(self._address, timeout=10)
        client.setblocking(False)
        client.send(b"GET /slow HTTP/1.1\r\nHost: slow\r\nX-Slow: ")
        return client

    def _ask_and_read_nothing(self) -> socket.socket:
        """The API's document, again and again: more than any buffer between the two holds."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(self._address)
        client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: slow\r\n\r\n" * 40)
        return client

    def _dribble(self) -> None:
        while not self._ended.wait(1):
            for place, client in enumerate(self._senders):
                try:
                    client.send(b"x")
                except BlockingIOError:
                    pass
                except OSError:  # It was thrown out.
                    vanish(client)
                    self._senders[place] = self._open()
                    self.dropped += 1
