# SPDX-License-Identifier: MIT
"""PostgreSQL servers for tests over HTTP: one of a test's own (tests/postgres/cluster), and programs that only look like one."""
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import urllib.parse

import shopd

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "postgres" / "cluster"
KEY = "a-secret-key-of-the-tests-0123456789abcdef"


def call(*words):
    done = subprocess.run([str(SCRIPT), *map(str, words)], capture_output=True, text=True, timeout=120 * shopd.SLOW, check=False)
    if done.returncode != 0:
        raise AssertionError(f"cluster {words}: {done.stderr}")
    return done.stdout.strip()


def sql(url, *statements):
    """Runs each statement by itself; what the last one returned, rows in lines and columns between |."""
    words = [word for statement in statements for word in ("-c", statement)]
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, *words], capture_output=True, text=True,
                          timeout=60 * shopd.SLOW, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{statements}: {done.stderr}")
    return done.stdout.strip()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


class Cluster:
    """A server of the test's own; or the standby of another one."""

    def __init__(self, primary=None):
        self.folder = tempfile.mkdtemp(prefix="shop-pg-")
        os.rmdir(self.folder)
        self.url = call("standby", self.folder, primary.folder) if primary else call("start", self.folder)

    def stop(self):
        call("stop", self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


class Session:
    """A connection of psql that stays open with what it has begun."""

    def __init__(self, url, begun):
        self.psql = subprocess.Popen(["psql", "-X", "-q", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.psql.stdin.write(begun + "\n\\echo begun\n")
        self.psql.stdin.flush()
        if self.psql.stdout.readline() != "begun\n":
            raise AssertionError(begun)

    def end(self):
        self.psql.stdin.close()
        self.psql.stdout.close()
        self.psql.wait()


class Gate:
    """A port that leads to a server's socket: shut (nobody listens there), open, or frozen (links stay, nothing passes)."""

    def __init__(self, server, port=5432):
        folder = urllib.parse.parse_qs(urllib.parse.urlsplit(server).query)["host"][0]
        self.target = os.path.join(folder, f".s.PGSQL.{port}")
        self.port = free_port()
        self.listener = None
        self.links = []
        self.passing = threading.Event()
        self.passing.set()

    def url(self, user="shop", name="shop", **more):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}?" + urllib.parse.urlencode({"gssencmode": "disable", **more})

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def shut(self):
        self.passing.set()
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for link in self.links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            link.close()
        self.links = []

    def freeze(self):
        self.passing.clear()

    def thaw(self):
        self.passing.set()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.target)
            except OSError:
                near.close()
                continue
            self.links += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(a, b), daemon=True).start()

    def _carry(self, source, target):
        try:
            while True:
                data = source.recv(65536)
                self.passing.wait()
                if not data:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.shut()


# ---------------------------------------------------------------------------------------------- pretenders


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def texts(*words):
    return b"".join(word.encode() + b"\0" for word in words)


def error(code, words, severity="FATAL"):
    return message(b"E", texts("S" + severity, "V" + "FATAL", "C" + code, "M" + words) + b"\0")


def parameter(name, value):
    return message(b"S", texts(name, value))


def hello(version="15.3", encoding="UTF8", standby="off"):
    """All that a server says before it is ready."""
    said = message(b"R", struct.pack("!i", 0))
    for name, value in (("server_version", version), ("server_encoding", encoding), ("client_encoding", "UTF8"), ("in_hot_standby", standby),
                        ("default_transaction_read_only", standby), ("standard_conforming_strings", "on")):
        said += parameter(name, value)
    return said + message(b"Z", b"I")


SHOWS_OFF = message(b"T", struct.pack("!h", 1) + texts("transaction_read_only") + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)) + message(
    b"D", struct.pack("!hi", 1, 3) + b"off") + message(b"C", texts("SHOW")) + message(b"Z", b"I")


class Pretender:
    """Listens like a server, and answers each connection's first message with `first`; then, if `second` is given, the next with that."""

    def __init__(self, first, second=None):
        self.first, self.second = first, second
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.held = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.held.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        try:
            while True:
                start = connection.recv(8)
                if len(start) < 8:
                    return
                length, code = struct.unpack("!ii", start)
                if code != 80877103 and code != 80877104:  # asks for TLS or GSSAPI
                    break
                if self.first is None:
                    return  # hangs
                connection.sendall(b"N" if self.first[:1] in b"REN" else self.first)
            connection.recv(length - 8)
            if self.first is not None:
                connection.sendall(self.first)
            if self.second is not None and connection.recv(4096):
                connection.sendall(self.second)
        except OSError:
            pass

    def close(self):
        self.server.close()
        for connection in self.held:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
