"""What those who wait for a long task use meanwhile, and how fast a message crosses nonetheless."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import contender
import rounds
import run
from report import Bar, Report, figure, table

TASK_S, SETTLE_S, WINDOW_S = 20, 3, 15
CPU_PERCENT_BAR, MESSAGE_MS_BAR = 0.5, 1.0


def cpu_ns(pid):
    """Of all threads that there are; /proc's other figures are in ticks of 10 ms."""
    total = 0
    for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total += int(file.read_text().split()[0])
    return total


class IdleLook:
    """Two looks at each process of a run, a window apart."""

    def __init__(self):
        self.began, self.first, self.last = time.monotonic(), None, None

    def look(self, token, _):
        since = time.monotonic() - self.began
        if self.first is None and since >= SETTLE_S:
            self.first = self._now(token)
        elif self.last is None and since >= SETTLE_S + WINDOW_S:
            self.last = self._now(token)

    def _now(self, token):
        found = {one.pid: one for one in run.harness.processes(token)
                 if one.is_starter or one.is_rank or one.is_mpirun}
        return {pid: (time.monotonic(), cpu_ns(pid), one) for pid, one in found.items()}

    def percents(self):
        """By what the process is: per cent of a core."""
        found = {}
        for pid, (then, before, one) in self.first.items():
            now, after, _ = self.last[pid]
            rank = run.harness.rank_of(one.environment)
            kind = ("a starter" if one.is_starter else "mpirun itself" if one.is_mpirun else
                    "rank 0" if one.is_rank_0 else f"rank {rank}, an agent")
            found.setdefault(kind, []).append((after - before) / (now - then) / 1e7)
        return found


def idle(settings, ranks):
    look = IdleLook()
    rounds.say(f"idle: {ranks or 'no'} ranks, {TASK_S} s")
    contender.mpibatch(settings, ["--tasks", "tasks.txt"], contender.write_tasks(("/bin/sleep", str(TASK_S))),
                       ranks=ranks, own_cpus=False).once(settings, 1, look.look)
    return look.percents()


def round_trip_ms(settings, command):
    """The median that the suite of link behaviours prints."""
    folder = tempfile.mkdtemp(prefix="mpibatch-launch.", dir=settings.place)
    quick = {"OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_MCA_mpi_yield_when_idle": "1"}
    try:
        done = subprocess.run([*command, "--gtest_filter=*WakesAPollOnItsDescriptor"], cwd=folder, text=True, check=True,
                              env=run.environment("none") | quick, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return float(re.search(r"round trip: median ([0-9.]+) ms", done.stdout).group(1))


def measure(settings):
    report = Report("Idle")
    rows = []
    for ranks, where in ((0, "no mpirun"), (2, "mpirun -n 2")):
        for kind, percents in sorted(idle(settings, ranks).items()):
            rows.append([where, kind, f"{max(percents):.3f} %"])
            if kind != "mpirun itself":
                report.bars.append(Bar(f"{kind}, {where}: of a core", max(percents), CPU_PERCENT_BAR, unit="%"))
    trips = {"a unix socket": round_trip_ms(settings, [settings.program("conformance_unix")]),
             "MPI": round_trip_ms(settings, [settings.mpirun, "-n", "2", settings.program("conformance_mpi")])}
    report.text.append(f"While one `sleep {TASK_S}` runs, over {WINDOW_S} s; of several of a kind the busiest:")
    report.text.append(table(["run", "process", "CPU, of a core"], rows))
    report.text.append("Messages between two processes that wait on their descriptors, there and back, median of 200: " +
                       ", ".join(f"{figure(ms)} ms over {name}" for name, ms in trips.items()) + ".")
    report.bars += [Bar(f"a message over {name}, one way", ms / 2, MESSAGE_MS_BAR, unit="ms")
                    for name, ms in trips.items()]
    return report
