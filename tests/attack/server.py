"""Starts a krosyn-audit server on loopback for the scripts in this directory. Not a script by itself."""

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGS = "/api/v1/audit-logs"


def binary():
    """The first argument, KROSYN_AUDIT, or the newest build."""
    if len(sys.argv) > 1 or "KROSYN_AUDIT" in os.environ:
        return str(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["KROSYN_AUDIT"]).resolve())
    builds = [ROOT / "target" / kind / "krosyn-audit" for kind in ("release", "debug")]
    builds = [path for path in builds if path.exists()]
    if not builds:
        sys.exit("error: no krosyn-audit is built; run cargo build")
    return str(max(builds, key=lambda path: path.stat().st_mtime))


def tool(*args, env=None, cwd=None):
    """Runs a command and returns the finished process."""
    return subprocess.run([binary(), *args], env=env, cwd=cwd, capture_output=True, text=True, timeout=60)


def entry(number, days_ago=0, note="x"):
    """A recording of something that happened some days ago."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days_ago * 86400 - 60))
    return {"action": "created", "model_type": "connector", "model_id": str(number), "user": {"id": "7"},
            "occurred_at": at, "after": {"note": note}}


class Server:
    """`serve` over DIRECTORY/audit.db or another store. The first one creates the token file in the directory."""

    def __init__(self, directory, *flags, env=None, store=None):
        self.directory, self.log = Path(directory), Path(directory, "server.log")
        self.store = store or f"sqlite:{directory}/audit.db"
        token = self.directory / "token"
        args = ["serve", "--store", self.store, "--listen", "127.0.0.1:0", "--rate-limit", "0", *flags]
        args += [] if token.exists() else ["--token-out", str(token)]
        self.process = subprocess.Popen([binary(), *args], stdout=subprocess.PIPE, stderr=self.log.open("a"), env=env)
        line = self.process.stdout.readline().decode()
        if not line.startswith("listening on http://"):
            sys.exit(f"error: the server did not start: {self.log.read_text()}")
        self.address = line.split("//")[1].strip()
        self.token = token.read_text().strip()

    def call(self, method, path, body=None, media_type="application/json", token=None):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": media_type}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode()
        connection.close()
        return status, text

    def record(self, entries):
        """Records entries in one request."""
        lines = "\n".join(json.dumps(it) for it in entries)
        status, text = self.call("POST", LOGS, lines, "application/x-ndjson")
        assert status in (200, 201), text

    def prune(self):
        """The status, and the code of the problem if there is one."""
        status, text = self.call("POST", f"{LOGS}/prune", "{}")
        return status, json.loads(text).get("code")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def stored(directory):
    """What the store holds, by resource id, read without a server and by the real clock."""
    listed = tool("list", "--all", "--format", "jsonl", "--server", f"sqlite:{directory}/audit.db")
    assert listed.returncode == 0, listed.stderr
    return {it["model_id"]: it for it in map(json.loads, listed.stdout.splitlines())}
