"""Ports of the loopback address that stay ours while a process is dead."""

import random
import socket

# Below the range from which the system gives ports to outgoing connections: a service that was killed
# finds its port free when it is started again.
_RANGE = range(12_000, 22_000)
_taken: set[int] = set()


def free_port() -> int:
    """A port that nothing listens on, and that is given out once."""
    while True:
        port = random.choice(_RANGE)
        # SeaweedFS takes the port that is 10,000 above for gRPC.
        both = {port, port + 10_000}
        if not both & _taken and all(map(_is_free, both)):
            _taken.update(both)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
