import socket


class Client:
    def __init__(self, host: str) -> None:
        self.socket = socket.create_connection((host, 9000))

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Prices(Client):
    socket = None

    def __del__(self) -> None:
        if self.socket is not None:
            self.close()
