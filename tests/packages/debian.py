"""A Debian in a chroot, in which tests install packages and run the server as its unit does."""

import contextlib
import re
import shutil
from pathlib import Path

from support import Server, run

STATE = "/var/lib/krosyn-audit"
ETC = "/etc/krosyn-audit"
TOKEN = f"{STATE}/admin.token"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}
DPKG = ["-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Use-Pty=0", "-o", "APT::Sandbox::User=root"]


class System:
    """A chroot with Debian."""

    def __init__(self, suite, roots, work):
        cached = Path(roots) / suite
        if not (cached / "etc/debian_version").exists():
            run("debootstrap", "--variant=minbase", suite, cached)
        self.root = Path(work) / suite
        run("cp", "-a", "--reflink=auto", cached, self.root)
        for name in ("resolv.conf", "hosts"):
            (self.root / "etc" / name).write_text(Path("/etc", name).read_text())

    def __call__(self, *words, ok=(0,), env=ENVIRONMENT):
        return run("chroot", self.root, *words, ok=ok, env=env).stdout

    def path(self, path):
        return self.root / str(path).lstrip("/")

    def apt(self, *words):
        return self("apt-get", "--quiet", "--yes", "--no-install-recommends", *DPKG, *words)

    def install(self, package):
        shutil.copy(package, self.path("/tmp"))
        return self.apt("install", "--allow-downgrades", f"/tmp/{package.name}")

    def owner(self, path):
        return self("stat", "-L", "-c", "%U:%G %a", path).strip()

    def serve(self, listen="127.0.0.1:0"):
        """Starts the server as its unit does: the same command, user and variables."""
        unit = self.path("/usr/lib/systemd/system/krosyn-audit.service").read_text()
        variables = dict(re.findall(r"^Environment=(\w+)=(.*)$", unit, re.MULTILINE))
        variables["LISTEN"] = listen
        command = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1]
        command = re.sub(r"\$\{(\w+)\}", lambda found: variables[found[1]], command).replace(" $SERVE_OPTIONS", "")
        user = ["setpriv", "--reuid=krosyn-audit", "--regid=krosyn-audit", "--clear-groups", "--no-new-privs"]
        return Server(["chroot", self.root, *user, *command.split()], self.path("/tmp/notify"), "/tmp/notify", ENVIRONMENT)

    def entries(self, *options):
        """The names in the newest entries. The summary on stderr has no tab."""
        lines = self("krosyn-audit", "list", "--columns", "id,model_name", *options).splitlines()
        return [line.split("\t")[1] for line in lines if "\t" in line]

    def record(self, name, *options):
        self.path("/tmp/after.json").write_text("{}")
        return self("krosyn-audit", "record", "-a", "created", "--resource", "connector/1", "--name", name, "-u", "ana", "--after",
                    "/tmp/after.json", *options)


@contextlib.contextmanager
def serving(system, listen="127.0.0.1:7744"):
    server = system.serve(listen)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
