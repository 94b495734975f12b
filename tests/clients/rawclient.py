"""A client of the Language Server Protocol with nothing between the test and the wire: it can send what no library would."""

import json
import queue
import subprocess
import threading
import time


class ServerDied(Exception):
    """The server closed its output; the exit status is the argument."""


class RawClient:
    """A server process, what is sent to it, and what it says."""

    def __init__(self, command, folder=None):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
        )
        self.notifications = []
        self._incoming = queue.Queue()
        self._last_id = 0
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def _read(self):
        stream = self.process.stdout
        while True:
            length = None
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if length is None:
                break
            self._incoming.put((time.perf_counter(), json.loads(stream.read(length))))
        self._incoming.put((time.perf_counter(), None))

    def send_bytes(self, body):
        """Sends bytes as a message, whatever they say."""
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def send(self, message):
        self.send_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def receive(self, deadline):
        """The next message and when it came. What the server asks is answered: it may be with settings, all of which are the defaults."""
        try:
            arrived, message = self._incoming.get(timeout=max(0.001, deadline - time.monotonic()))
        except queue.Empty:
            raise TimeoutError("the server said nothing more") from None
        if message is None:
            raise ServerDied(self.process.wait())
        if "method" in message and "id" in message:
            items = message.get("params", {}).get("items") if message["method"] == "workspace/configuration" else None
            self.send({"id": message["id"], "result": None if items is None else [None] * len(items)})
        elif "method" in message:
            self.notifications.append(message)
        return arrived, message

    def answer(self, identifier, patience=20):
        """The answer to a request that was sent."""
        deadline = time.monotonic() + patience
        while True:
            _, message = self.receive(deadline)
            if "method" not in message and message.get("id") == identifier:
                return message

    def request(self, method, patience=20, **members):
        """The answer to a request; `params` are sent only where they are given."""
        self._last_id += 1
        self.send({"id": self._last_id, "method": method, **members})
        return self.answer(self._last_id, patience)

    def initialize(self, root=None, capabilities=None, **members):
        """Starts the session as a client that says only `rootUri`; returns the server's capabilities."""
        params = {"processId": None, "rootUri": root and root.as_uri(), "capabilities": capabilities or {}, **members}
        result = self.request("initialize", params=params)["result"]
        self.notify("initialized", {})
        return result["capabilities"]

    def open(self, uri, text, language="python"):
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}})

    def change(self, uri, version, *changes):
        self.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes})

    def published(self, uri, version, patience=20):
        """When the diagnostics of a version of a document were published, and which they are."""
        deadline = time.monotonic() + patience
        while True:
            arrived, message = self.receive(deadline)
            params = message.get("params") or {}
            is_meant = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
            if is_meant and params.get("version", version) == version:
                return arrived, params["diagnostics"]
