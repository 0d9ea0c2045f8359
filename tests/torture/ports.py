"""Ports of the loopback address that stay ours while a process is dead."""

import random
import socket

# Below the range from which the system gives ports to outgoing connections: a service that was killed
# finds its port free when it is started again.
_RANGE = range(20_000, 32_000)
_taken: set[int] = set()


def free_port() -> int:
    """A port that nothing listens on, and that is given out once."""
    while True:
        port = random.choice(_RANGE)
        # SeaweedFS takes the port that is 10,000 above for gRPC.
        if port not in _taken and _is_free(port) and _is_free(port + 10_000):
            _taken.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
