#!/usr/bin/python3
"""How long many /bin/true take on two slots: mpibatch, what others use, and a bare loop, interleaved. See run.sh.

A round runs each of them once, in a fresh folder; medians of rounds are compared, as ratios to the bare loop: its time over
theirs, for each task. Slow ones get a tenth of the tasks.
"""
import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MPIBATCH, BARE_LOOP = os.environ["MPIBATCH"], os.environ["BARE_LOOP"]
MPIRUN = os.environ.get("MPIRUN", "mpirun")
TRUE = "/bin/true"
SLOTS = 2
BAR = 0.92
SLOW_PART = 10


class Contender:
    """A name, the command, what it reads, whether it is slow."""

    def __init__(self, name, command, write=None, slow=False):
        self.name, self.command, self.write, self.slow = name, command, write, slow
        self.seconds_each, self.cpu_us_each = [], []

    def run(self, tasks, place):
        count = tasks // SLOW_PART if self.slow else tasks
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mpibatch-launch.", dir=place))
        try:
            if self.write:
                self.write(folder, count)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            with open(folder / "printed", "wb") as printed:
                done = subprocess.run(self.command(count), cwd=folder, stdin=subprocess.DEVNULL, stdout=printed,
                                      stderr=subprocess.STDOUT, check=False)
            took = time.perf_counter() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if done.returncode != 0:
                sys.exit(f"{self.name} ended with {done.returncode}:\n{(folder / 'printed').read_text()[-2000:]}")
        finally:
            shutil.rmtree(folder)
        self.seconds_each.append(took / count)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.cpu_us_each.append(1e6 * cpu / count)


def write_tasks(folder, count):
    (folder / "tasks.txt").write_text(f"{TRUE}\n" * count)


def write_makefile(folder, count):
    names = [f"t{i}" for i in range(count)]
    (folder / "Makefile").write_text(f"all: {' '.join(names)}\n{' '.join(names)}:\n\t@{TRUE}\n.PHONY: all {' '.join(names)}\n")


def write_ninja(folder, count):
    edges = "".join(f"build t{i}: true\n" for i in range(count))
    (folder / "build.ninja").write_text(f"rule true\n  command = {TRUE}\n{edges}")


def mpibatch(*options):
    return [MPIBATCH, "run", "--tasks", "tasks.txt", "--state", "state", *options]


def contenders():
    two = ("--cpus-per-node", str(SLOTS))
    slots = f"-j{SLOTS}"
    return [
        Contender("bare loop, 2 processes", lambda n: [BARE_LOOP, str(n), str(SLOTS), TRUE]),
        Contender("**mpibatch**", lambda n: mpibatch(*two), write_tasks),
        Contender("**mpibatch**, mpirun -n 1", lambda n: [MPIRUN, "-n", "1", *mpibatch(*two)], write_tasks),
        Contender("make -j2", lambda n: ["make", "-s", slots], write_makefile),
        Contender("xargs -P2", lambda n: ["xargs", "-a", "tasks.txt", "-n1", f"-P{SLOTS}"], write_tasks),
        Contender("ninja -j2", lambda n: ["ninja", "--quiet", slots], write_ninja),
        Contender("parallel -j2", lambda n: ["parallel", slots, "-a", "tasks.txt"], write_tasks, slow=True),
        Contender("parallel -j2 --joblog --results", lambda n: ["parallel", slots, "--joblog", "log", "--results", "results",
                                                               "-a", "tasks.txt"], write_tasks, slow=True),
    ]


def table(them):
    bare = statistics.median(them[0].seconds_each)
    print(f"| {SLOTS} slots | tasks/s | ratio to the bare loop | CPU µs a task |\n|---|---|---|---|")
    for one in them:
        each = statistics.median(one.seconds_each)
        print(f"| {one.name} | {1 / each:,.0f} | {bare / each:.2f} | {statistics.median(one.cpu_us_each):.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--place", default="/var/tmp", help="where state and output go")
    parser.add_argument("--only", action="append", help="contenders whose names hold this; and the bare loop")
    options = parser.parse_args()
    them = contenders()
    if options.only:
        them = them[:1] + [one for one in them[1:] if any(word in one.name for word in options.only)]
    for _ in range(options.rounds):
        for one in them:
            one.run(options.tasks, options.place)
    print(f"{options.tasks:,} × {TRUE}, medians of {options.rounds} rounds, below {options.place}; bar: {BAR}\n")
    table(them)


if __name__ == "__main__":
    main()
