"""A proxy that loses replies: the server has answered, and the client never hears of it."""

import socket
import threading


class CuttingProxy:
    """Passes requests on to a port; of each connection's reply, the first so many are lost."""

    def __init__(self, port: int, cuts: int) -> None:
        self._target = port
        self._cuts = cuts
        self.lost: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            server.sendall(_whole(client))
            reply = _whole(server)
            if self._cuts > 0:
                self._cuts -= 1
                self.lost.append(reply)
                return
            client.sendall(reply)

    def close(self) -> None:
        self._listener.close()


def _whole(source: socket.socket) -> bytes:
    """Read one message of HTTP/1.1 with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += source.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    [length] = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]
    while len(body) < length:
        body += source.recv(65_536)
    return head + b"\r\n\r\n" + body
