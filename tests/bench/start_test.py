#!/usr/bin/python3
"""How long one task takes on one node without mpirun, from start to exit: state on a disk, and in memory.

The rounds are interleaved with what a run cannot be faster than: a process that does nothing, the program that only says
its version, one sync of that disk. The bar is printed with the result; only a gross loss is a failure, since machines
that run tests are busy.
"""
# labels: bench
# serial
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness

BAR_MS = 50
GROSS_MS = 10 * BAR_MS
GROSS_PROCESSES = 40  # … or of starts of a process that does nothing
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
DISK, MEMORY = "/var/tmp", "/dev/shm"


def timed_ms(action):
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


class Start(harness.Case):
    def setUp(self):
        super().setUp()
        self.places = {}
        for name, parent in (("disk", DISK), ("memory", MEMORY)):
            if os.access(parent, os.W_OK):
                self.places[name] = pathlib.Path(tempfile.mkdtemp(prefix="mpibatch-bench.", dir=parent))
                self.addCleanup(shutil.rmtree, self.places[name], ignore_errors=True)
        self.write_plan("plan.json", {"jobs": [harness.job("a", ["/bin/true"])]})
        self.states = 0

    def call(self, *argv):
        done = subprocess.run(argv, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        if done.returncode != 0:
            self.fail(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")

    def run_once(self, place):
        self.states += 1
        state = str(self.places[place] / f"{self.states}")
        elapsed = timed_ms(lambda: self.call(harness.MPIBATCH, "run", "plan.json", "--quiet", "--state", state))
        self.assert_nothing_left()
        shutil.rmtree(state)
        return elapsed

    def sync_once(self):
        with open(self.places["disk"] / "sync", "ab", buffering=0) as file:
            file.write(bytes(200))
            return timed_ms(lambda: os.fdatasync(file.fileno()))

    def test_one_task(self):
        what = {"a process that does nothing (/bin/true)": lambda: timed_ms(lambda: self.call("/bin/true")),
                "mpibatch --version": lambda: timed_ms(lambda: self.call(harness.MPIBATCH, "--version"))}
        if "disk" in self.places:
            what[f"one fdatasync in {DISK}"] = self.sync_once
        runs = {f"one task, state in {self.places[place].parent}": lambda place=place: self.run_once(place)
                for place in self.places}
        what |= runs
        for action in what.values():
            action()  # warm
        taken = {name: [] for name in what}
        for _ in range(ROUNDS):
            for name, action in what.items():
                taken[name].append(action())
        print(f"\nmedian (least) of {ROUNDS} rounds, load average {os.getloadavg()[0]:.1f}")
        for name, times in taken.items():
            bar = f"   bar: {BAR_MS} ms" if name in runs else ""
            print(f"{name:42} {statistics.median(times):8.1f} ms ({min(times):.1f}){bar}")
        # A machine on which even nothing takes long says nothing about the program.
        nothing = statistics.median(next(iter(taken.values())))
        for name in runs:
            self.assertLessEqual(statistics.median(taken[name]), max(GROSS_MS, GROSS_PROCESSES * nothing), name)


if __name__ == "__main__":
    unittest.main()
