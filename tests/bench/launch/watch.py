"""What rank 0 and the starters of a run use while it lasts: found by the run's token, looked at in /proc."""
import os
import pathlib

import run

KEEP_LOOKING = 5  # more looks for others, once a starter is there
TICKS = os.sysconf("SC_CLK_TCK")


class Watched:
    def __init__(self, process):
        self.pid = process.pid
        self.kind = "starter" if process.is_starter else "rank 0" if process.is_rank_0 else "agent"
        self.peak_kib, self.cpu = 0, 0.0

    def look(self):
        folder = pathlib.Path("/proc") / str(self.pid)
        try:
            status = (folder / "status").read_text()
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):  # a zombie has none
                self.peak_kib = int(line.split()[1])
        self.cpu = (int(fields[11]) + int(fields[12])) / TICKS


class Watch:
    """Its look() is what run.timed() calls."""

    def __init__(self):
        self.watched, self.looks_left = {}, None

    def look(self, token, _):
        if self.looks_left is None or self.looks_left > 0:
            self._find(token)
        for one in self.watched.values():
            one.look()

    def _find(self, token):
        for process in run.harness.processes(token):
            if (process.is_starter or process.is_rank) and process.pid not in self.watched:
                self.watched[process.pid] = Watched(process)
        if self.looks_left is not None:
            self.looks_left -= 1
        elif any(one.kind == "starter" for one in self.watched.values()):
            self.looks_left = KEEP_LOOKING

    def peak_mib(self, kind):
        return max((one.peak_kib for one in self.watched.values() if one.kind == kind), default=0) / 1024

    def cpu_of_starters(self, done):
        """Exact for those that came to the stopwatch, else as last seen."""
        return sum(done.left.get(one.pid, one.cpu) for one in self.watched.values() if one.kind == "starter")
