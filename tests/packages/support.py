"""What the tests of packages share: running programs, and a count of checks."""

import os
import subprocess
import sys
import time
from pathlib import Path

CHECKS = []


def run(*words, ok=(0,), quiet=True, **options):
    """Runs a program and returns its result, with stdout and stderr together as text. Fails on another exit code."""
    result = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            stdin=subprocess.DEVNULL, timeout=600, **options)
    if ok is not None and result.returncode not in ok:
        sys.exit(f"$ {' '.join(map(str, words))}\n{result.stdout}\nexit code {result.returncode}, expected {ok}")
    return result


def check(condition, text, detail=""):
    """Counts a check, or ends the script with what is wrong."""
    if not condition:
        sys.exit(f"FAILED: {text}\n{detail}")
    CHECKS.append(text)


def contains(text, part, what):
    check(part in text, f"{what} contains {part!r}", text)


def only(directory, pattern):
    """The one file that matches."""
    found = sorted(Path(directory).glob(pattern))
    if len(found) != 1:
        sys.exit(f"expected one {pattern} in {directory}, found {[str(it) for it in found]}")
    return found[0].resolve()


class Server:
    """A running `serve`, started with a service manager's socket: it is ready when it says so there."""

    def __init__(self, command, notify, notify_path, env=None):
        import socket
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        Path(notify).unlink(missing_ok=True)
        self.manager.bind(str(notify))
        os.chmod(notify, 0o666)
        self.manager.settimeout(30)
        environment = {**(os.environ if env is None else env), "NOTIFY_SOCKET": str(notify_path)}
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment)
        start = time.monotonic()
        while True:
            self.manager.settimeout(0.2)
            try:
                check(self.manager.recv(64) == b"READY=1", "the server tells its service manager that it is ready")
                break
            except TimeoutError:
                if self.process.poll() is not None or time.monotonic() - start > 30:
                    self.process.kill()
                    sys.exit(f"the server did not start: {self.process.communicate()[1]}")
        line = self.process.stdout.readline()
        check(line.startswith("listening on http"), "the server prints its address", line)
        self.url = line.split()[-1]

    def stop(self):
        """Stops the server; returns what it logged."""
        self.process.terminate()
        log = self.process.communicate(timeout=30)[1]
        check(self.process.returncode == 0, "the server ends with 0", log)
        self.manager.close()
        return log
