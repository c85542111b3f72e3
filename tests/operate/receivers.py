"""Where notifications arrive in tests: a webhook and a mailbox on this machine."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Inbox(list):
    """What has arrived, oldest first."""

    def first(self, wanted: Callable[[Any], bool], patience: float = 90) -> Any:
        """The first that is wanted, as soon as it is there."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for one in list(self):
                if wanted(one):
                    return one
            time.sleep(0.05)
        raise AssertionError(f"it did not come; {len(self)} others did")


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, Inbox]]:
    """A URL that takes JSON, and what it was sent."""
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            inbox.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/hook/s3cret", inbox


@contextmanager
def mailbox() -> Iterator[tuple[str, Inbox]]:
    """A ``mailto://`` URL of an SMTP server, and the messages it was given."""
    inbox = Inbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            for line in iter(self.rfile.readline, b""):
                command = line[:4].upper().strip()
                if command == b"DATA":
                    self._say("354 go on")
                    inbox.append(self._message())
                self._say("221 bye" if command == b"QUIT" else "250 done")

        def _message(self) -> Message:
            lines = iter(self.rfile.readline, b".\r\n")
            return message_from_bytes(b"".join(line.removeprefix(b".") for line in lines))

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with _serving(Server(("127.0.0.1", 0), Handler)) as port:
        yield f"mailto://127.0.0.1:{port}/?mode=insecure&from=riskparity@example.com&to=me@example.com", inbox


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
