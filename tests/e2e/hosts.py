"""Hosts for the tests of several: network namespaces on one switch, each with a host name of its own.

What they share is the file system, as hosts of a cluster do. Needs root and Linux's namespaces.
"""
import os
import pathlib
import shlex
import signal
import subprocess
import uuid

FORWARDS, DROPS = "3", "0"  # states of a switch's port


def why_not():
    """Why namespaces cannot be used here, or an empty text."""
    try:
        Network("probe", count=1).close()
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", None) or str(error)
        return f"network namespaces are not allowed here: {why.strip()}"
    return ""


def ip(*argv):
    subprocess.run(["ip", *argv], check=True, capture_output=True, text=True)


class Network:
    """`count` hosts named "a", "b", ... at addresses 10.213.0.1, .2, ...; close() removes all of it."""

    def __init__(self, folder, count=2):
        self.mark = "bw" + uuid.uuid4().hex[:6]
        self.folder = pathlib.Path(folder)
        self.switch = self.mark + "-switch"
        self.hosts = [chr(ord("a") + i) for i in range(count)]
        self.made = []
        try:
            self.build()
        except BaseException:
            self.close()
            raise

    def build(self):
        self.add(self.switch)
        ip("-n", self.switch, "link", "add", "switch", "type", "bridge")
        ip("-n", self.switch, "link", "set", "switch", "up")
        for number, host in enumerate(self.hosts, 1):
            name = self.namespace(host)
            self.add(name)
            ip("-n", self.switch, "link", "add", "port-" + host, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", self.switch, "link", "set", "port-" + host, "master", "switch", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "addr", "add", f"10.213.0.{number}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")

    def add(self, name):
        ip("netns", "add", name)
        self.made.append(name)

    def close(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        self.made = []

    def namespace(self, host):
        return f"{self.mark}-{host}"

    def address(self, host):
        return f"10.213.0.{self.hosts.index(host) + 1}"

    def enter(self, host, shell):
        """The command line that runs a shell's line on a host, which has one core."""
        core = sorted(os.sched_getaffinity(0))[self.hosts.index(host) % len(os.sched_getaffinity(0))]
        return ["ip", "netns", "exec", self.namespace(host), "unshare", "--uts", "taskset", "--cpu-list", str(core),
                "sh", "-c", f"hostname {host} && {shell}"]

    def on(self, host, argv):
        """The command line that runs another one on a host."""
        return self.enter(host, "exec " + shlex.join(argv))

    def cut(self, host):
        """Nothing passes to or from the host any more, and nobody is told."""
        self.set_port(host, DROPS)

    def restore(self, host):
        self.set_port(host, FORWARDS)

    def set_port(self, host, state):
        command = ["bridge", "-n", self.switch, "link", "set", "dev", "port-" + host, "state", state]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def pids_on(self, host, pids):
        """Those of the processes that run on the host."""
        inode = os.stat(f"/var/run/netns/{self.namespace(host)}").st_ino
        found = []
        for pid in pids:
            try:
                if os.stat(f"/proc/{pid}/ns/net").st_ino == inode:
                    found.append(pid)
            except OSError:
                pass  # it has ended
        return found

    def kill(self, host, pids):
        for pid in self.pids_on(host, pids):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def mpirun(self, count, argv):
        """The mpirun command, on host a, that starts a process on each of `count` hosts: where ssh would reach another
        host, a script enters its namespace."""
        agent = self.folder / "reach-host"
        cases = ""
        for host in self.hosts:
            inside = shlex.join(self.enter(host, 'exec sh -c "$1"'))
            cases += f'{self.address(host)}) exec {inside} sh "$command" ;;\n'
        agent.write_text(f"#!/bin/sh\nhost=$1; shift; command=$*\ncase $host in\n{cases}esac\n")
        agent.chmod(0o755)
        hosts = ",".join(self.address(host) for host in self.hosts[:count])
        return self.on("a", [
            "mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "plm_rsh_agent", str(agent),
            "--host", hosts, "-np", str(count), *argv])
