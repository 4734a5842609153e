"""Starts a PostgreSQL server for the scripts in this directory. Not a script by itself."""

import os
import shutil
import subprocess
import tempfile
from glob import glob
from pathlib import Path


class Postgres:
    """A server in a directory of its own, on a Unix socket. It runs as nobody when the script runs as root."""

    def __init__(self):
        versions = glob("/usr/lib/postgresql/*/bin/initdb")
        newest = max(versions, key=lambda path: int(Path(path).parts[4]), default=shutil.which("initdb"))
        if not newest:
            raise SystemExit("error: PostgreSQL is not installed (Debian: apt-get install postgresql)")
        self.programs, self.databases = Path(newest).parent, 0
        self.directory = tempfile.mkdtemp(prefix="pg-")
        self.user = {"user": 65_534, "group": 65_534, "extra_groups": []} if os.getuid() == 0 else {}
        if self.user:
            os.chown(self.directory, 65_534, 65_534)
        self.run("initdb", "-A", "trust", "-U", "audit", "-E", "UTF8", "--locale=C", "--no-sync", "-D", "data")
        settings = f"-c listen_addresses= -c max_connections=200 -k {self.directory}"
        self.run("pg_ctl", "-s", "-w", "-D", "data", "-l", "log", "-o", settings, "start")

    def run(self, program, *args):
        subprocess.run([self.programs / program, *args], cwd=self.directory, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, **self.user)

    def database(self):
        """The address of a new, empty database."""
        self.databases += 1
        self.run("createdb", "-h", self.directory, "-U", "audit", f"attack{self.databases}")
        return f"postgres://audit@/attack{self.databases}?host={self.directory}"

    def stop(self):
        self.run("pg_ctl", "-s", "-w", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(self.directory)
