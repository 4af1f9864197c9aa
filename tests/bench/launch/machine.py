"""Where and with what a figure was measured, in one line."""
import os
import pathlib
import platform
import re
import subprocess


def model():
    found = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=pathlib.Path(__file__).parent, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.strip() or "unknown"


def words(settings, at):
    """`at`: the commit."""
    return (f"Commit {at}, {model()}, {os.cpu_count()} CPUs, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f}, {settings.rounds} rounds.")
