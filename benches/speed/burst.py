"""Many requests at once, more than wrk's connections could hold: all of them in sockets before one is answered."""

import re
import resource
import selectors
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass, field

#: Descriptors that are left to the rest of a process.
SPARE = 1000
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass
class Answers:
    """What came back."""

    connections: int
    seconds: float = 0
    by_status: Counter[str] = field(default_factory=Counter)
    lost: int = 0


def connections() -> int:
    """As many as a process may have: this one, and the service, which has got the same limits from it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most - SPARE


def fire(address: str, paths: list[str], wait: float) -> Answers:
    """One GET a path, dealt to the connections, whose requests wait behind one another; then all the answers,
    or those of so many seconds."""
    host, port = address.split(":")
    answers = Answers(min(len(paths), connections()))
    clients = [Client((host, int(port)), paths[place::answers.connections]) for place in range(answers.connections)]
    begun = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for client in clients:
            client.socket.sendall(client.requests)
        for client in clients:
            client.socket.setblocking(False)
            selector.register(client.socket, selectors.EVENT_READ, client)
        while selector.get_map() and time.monotonic() < begun + wait:
            for key, _ in selector.select(1):
                if key.data.read(answers.by_status):
                    selector.unregister(key.data.socket)
                    answers.seconds = time.monotonic() - begun
    for client in clients:
        vanish(client.socket)
    answers.lost = sum(client.missing for client in clients)
    return answers


def vanish(client: socket.socket) -> None:
    """Closes at once. Closed politely, thousands of connections would keep their ports for a minute, and
    with them servers that are to listen there from starting."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


class Client:
    """A connection with its requests. It was asked for something before: one that a client opens and leaves is
    closed, and to open all of them takes longer."""

    def __init__(self, address: tuple[str, int], paths: list[str]) -> None:
        self.socket = socket.create_connection(address, timeout=30)
        self.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: burst\r\n\r\n")
        if not self.socket.recv(4096).startswith(b"HTTP/1.1 200"):
            raise SystemExit("a connection was refused before the burst")
        self.requests = b"".join(f"GET {path} HTTP/1.1\r\nHost: burst\r\nUser-Agent: Mozilla/5.0 (iPhone) Safari\r\n\r\n"
                                 .encode() for path in paths)
        #: Requests that have no answer yet.
        self.missing = len(paths)
        self._buffer = b""

    def read(self, by_status: Counter[str]) -> bool:
        """Reads what is there; whether that is the end."""
        try:
            got = self.socket.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self._buffer += got
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                break
            self._buffer = self._buffer[whole:]
            self.missing -= 1
            by_status[kind(head)] += 1
        return not got or not self.missing


def kind(head: bytes) -> str:
    """The status, and whether it says when to come again."""
    status = head[9:12].decode()
    return status + " with Retry-After" if b"\r\nretry-after:" in head.lower() else status
