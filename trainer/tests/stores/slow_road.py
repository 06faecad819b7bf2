"""A road to a server on which every few kilobytes take a while."""

import contextlib
import socket
import threading
import time

CHUNK_BYTES = 4096


class SlowRoad:
    """From `with` to its end: a port of this machine that leads to another one."""

    def __init__(self, to: int, seconds: float):
        self.to = to
        self.seconds = seconds
        """What each chunk takes."""

    def __enter__(self) -> "SlowRoad":
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self.socket.accept()
                there = socket.create_connection(("127.0.0.1", self.to))
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=self.carry, args=ends, daemon=True).start()

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                time.sleep(self.seconds)
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        # The other way's thread closes the other.
        source.close()
