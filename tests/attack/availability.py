#!/usr/bin/env python3
"""Attacks a server on loopback, and measures the effect on other callers.

    tests/attack/availability.py [SECONDS PER ATTACK]        (default 10; run it by hand on a quiet machine)

One organization attacks with many parameters, endless heads (from one address and from many), endless requests and bodies,
unread answers, and wrong tokens. Another organization records and reads at the same time, from the same address, over new and
persistent connections. Prints the median and the 99th percentile of the others' calls, their failures, and the server's memory. Ends
with 1 if a 99th percentile exceeds 250 ms (KROSYN_P99_MS to change it), a call fails, or the server uses more than 600 MiB.

Needs a built krosyn-audit (target/release, target/debug, or KROSYN_AUDIT) and python3. Starts its own server in a temporary
directory, and opens about 1,300 files.
"""

import http.client
import json
import os
import pathlib
import random
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
LIMIT_MS, LIMIT_MIB = float(os.environ.get("KROSYN_P99_MS", 250)), 600
LOGS = "/api/v1/audit-logs"
root = pathlib.Path(__file__).resolve().parents[2]


def binary():
    places = [os.environ.get("KROSYN_AUDIT"), root / "target/release/krosyn-audit", root / "target/debug/krosyn-audit"]
    found = next((str(it) for it in places if it and pathlib.Path(it).exists()), None)
    return found or sys.exit("error: no krosyn-audit is built; run cargo build")


def entry(number, size=0):
    text = "".join(random.choices("abcdefghij klmnopqrstuvwxyz", k=size))
    return {"action": "created", "model_type": "connector", "model_id": str(number), "user": {"id": "7"}, "after": {"note": text}}


class Server:
    """A server with two organizations."""

    def __init__(self, directory):
        self.audit, self.store = binary(), f"sqlite:{directory}/audit.db"
        self.log = open(f"{directory}/log", "wb")
        command = [self.audit, "serve", "--store", self.store, "--listen", "127.0.0.1:0", "--token-out", f"{directory}/admin"]
        command += ["--log-level", "warn"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on"):
            sys.exit(f"error: the server did not start: {pathlib.Path(directory, 'log').read_text()}")
        self.port = int(line.rsplit(":", 1)[1])
        self.run("org", "create", "other", "--plan", "business")
        self.attacker = self.token("default")
        self.other = self.token("other")

    def run(self, *args):
        command = [self.audit, *args, "--store", self.store]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def token(self, organization):
        return self.run("token", "create", "--org", organization, "--name", "attack", "--scope", "read,record")

    def mib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) // 1024
        return 0

    def connect(self, receive_buffer=None, address=None):
        stream = socket.socket()
        if address:
            stream.bind((address, 0))
        if receive_buffer:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        stream.settimeout(5)
        stream.connect(("127.0.0.1", self.port))
        return stream

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Others:
    """Callers that the attack must not affect, on new and on persistent connections."""

    def __init__(self, server):
        self.server, self.ended = server, threading.Event()
        self.took, self.failures, self.lock = [], [], threading.Lock()
        kinds = [("POST", True), ("POST", False), ("GET", True), ("GET", False), ("HEALTH", False)]
        self.threads = [threading.Thread(target=self.call, args=kind, daemon=True) for kind in kinds]

    def call(self, kind, keeps):
        headers = {"Authorization": f"Bearer {self.server.other}", "Content-Type": "application/json"}
        connection, number = None, 0
        while not self.ended.is_set():
            number += 1
            started = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
                if kind == "POST":
                    connection.request("POST", LOGS, json.dumps(entry(number, 50)), headers)
                elif kind == "GET":
                    connection.request("GET", f"{LOGS}?limit=5", headers=headers)
                else:
                    connection.request("GET", "/healthz")
                answer = connection.getresponse()
                answer.read()
                fault = None if answer.status < 300 else f"{kind} {answer.status}"
            except OSError as error:
                fault, keeps_this = f"{kind} {type(error).__name__}", False
            except http.client.HTTPException as error:
                fault, keeps_this = f"{kind} {type(error).__name__}", False
            else:
                keeps_this = keeps
            if not keeps_this and connection:
                connection.close()
                connection = None
            with self.lock:
                self.took.append((time.monotonic() - started) * 1000)
                if fault:
                    self.failures.append(fault)
            time.sleep(0.02)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(15)


def parameters(server, ended, _):
    """64 kB of distinct unknown parameters, three times a second on each of three calls."""
    query = "&".join(f"p{number:x}" for number in range(11_000))[:64_000]
    while not ended.is_set():
        for path in (LOGS, f"{LOGS}/facets", "/api/v1/whoami"):
            with server.connect() as stream:
                head = f"GET {path}?{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {server.attacker}\r\nconnection: close\r\n\r\n"
                stream.sendall(head.encode())
                while stream.recv(65536):
                    pass
        ended.wait(0.33)


def heads(server, ended, kept):
    """900 unfinished request heads, 33 of them renewed each second."""
    while not ended.is_set():
        try:
            stream = server.connect()
            stream.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: ")
            kept.append(stream)
        except OSError:
            pass
        if len(kept) > 900:
            kept.pop(0).close()
            ended.wait(0.03)


def crowd(server, ended, kept):
    """The same from 200 addresses."""
    number = 0
    while not ended.is_set():
        number += 1
        try:
            stream = server.connect(address=f"127.0.1.{1 + number % 200}")
            stream.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: ")
            kept.append(stream)
        except OSError:
            pass
        if len(kept) > 900:
            kept.pop(0).close()
            ended.wait(0.03)


def requests(server, ended, kept):
    """900 unfinished recordings with one token: connections in the middle of a request."""
    head = f"POST {LOGS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {server.attacker}\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n"
    while not ended.is_set():
        try:
            stream = server.connect()
            stream.sendall(head.encode())
            kept.append(stream)
        except OSError:
            pass
        if len(kept) > 900:
            kept.pop(0).close()
            ended.wait(0.03)


def bodies(server, ended, kept):
    """130 unfinished chunked bodies of 1 MiB with one token."""
    head = f"POST {LOGS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {server.attacker}\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n100000\r\n"
    while not ended.is_set():
        try:
            stream = server.connect()
            stream.settimeout(0.5)
            stream.sendall(head.encode())
            stream.sendall(b" " * 0x100000)
            kept.append(stream)
        except OSError:
            pass
        if len(kept) > 130:
            kept.pop(0).close()
            ended.wait(0.1)


def readers(server, ended, kept):
    """200 clients that request pages of 4 MiB and read a byte now and then."""
    head = f"GET {LOGS}?limit=1000 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {server.attacker}\r\n\r\n"
    while not ended.is_set():
        if len(kept) < 200:
            stream = server.connect(receive_buffer=4096)
            stream.sendall(head.encode())
            stream.settimeout(0.05)
            kept.append(stream)
            continue
        for stream in kept:
            try:
                stream.recv(1)
            except OSError:
                pass
        ended.wait(0.5)


def guesses(server, ended, _):
    """Wrong tokens as fast as one connection allows, from another address, because the limit applies to the address."""
    while not ended.is_set():
        with socket.socket() as stream:
            stream.settimeout(5)
            stream.bind(("127.0.0.2", 0))
            stream.connect(("127.0.0.1", server.port))
            for number in range(200):
                if ended.is_set():
                    break
                stream.sendall(f"GET /api/v1/whoami HTTP/1.1\r\nhost: x\r\nauthorization: Bearer kra_wrong{number}\r\n\r\n".encode())
                stream.recv(65536)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


def main():
    # The limit of this process, which the server inherits.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        server = Server(directory)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            for number in range(0, 48, 8):
                lines = "\n".join(json.dumps(entry(number + it, 100_000)) for it in range(8))
                headers = {"Authorization": f"Bearer {server.attacker}", "Content-Type": "application/x-ndjson"}
                connection.request("POST", LOGS, lines, headers)
                connection.getresponse().read()
            print(f"{'attack':<12}{'calls':>7}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}{'MiB':>7}")
            for attack in (None, parameters, heads, crowd, requests, bodies, readers, guesses):
                ended, kept, most = threading.Event(), [], 0
                attackers = [threading.Thread(target=attack, args=(server, ended, kept), daemon=True)] if attack else []
                for thread in attackers:
                    thread.start()
                # Gives the attack time to take effect.
                time.sleep(SECONDS / 4)
                with Others(server) as others:
                    end = time.monotonic() + SECONDS
                    while time.monotonic() < end:
                        most = max(most, server.mib())
                        time.sleep(0.2)
                ended.set()
                for thread in attackers:
                    thread.join(15)
                for stream in kept:
                    stream.close()
                p50, p99 = percentile(others.took, 0.5), percentile(others.took, 0.99)
                name = attack.__name__ if attack else "(none)"
                print(f"{name:<12}{len(others.took):>7}{p50:>9.1f}{p99:>9.1f}{len(others.failures):>8}{most:>7}", flush=True)
                if others.failures:
                    print("  failures:", {it: others.failures.count(it) for it in set(others.failures)})
                failed |= p99 > LIMIT_MS or bool(others.failures) or most > LIMIT_MIB
                if server.process.poll() is not None:
                    sys.exit("error: the server has ended")
        finally:
            server.stop()
            text = pathlib.Path(directory, "log").read_text()
            print(f"log: {len(text.splitlines())} lines", text[:2000], sep="\n" if text else "")
    print("FAILED" if failed else "ok")
    return failed


if __name__ == "__main__":
    sys.exit(main())
