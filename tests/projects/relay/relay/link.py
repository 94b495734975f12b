"""The way to the other queue."""

import socket


class Link:
    """A connection."""

    def __init__(self):
        self.socket = socket.create_connection(("queue.example.org", 5672))

    def pass_on(self):
        """Passes one message on."""
        self.socket.sendall(self.socket.recv(4096))
