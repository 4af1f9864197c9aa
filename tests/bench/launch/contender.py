"""What starts tasks: mpibatch, what others use, and the bare loop that all are compared with."""
import os
import pathlib
import shutil
import tempfile

import run
from settings import SLOTS

TRUE = ("/bin/true",)
BARE, OURS = "bare loop, 2 processes", "**mpibatch**"
MPIRUN_ALONE, MPI_ALONE = "mpirun -n {} /bin/true", "mpirun -n {}, MPI started and ended"


class Contender:
    """A name, and a command for so many tasks; the state folder is a name in a fresh working directory."""

    def __init__(self, name, command, write=None, most=None, part=1, less=None, state_place=None):
        self.name, self.command, self.write = name, command, write
        self.most = most  # more tasks than this take it too long
        self.part = part  # so small a part of the tasks is enough to know its rate
        self.less = less  # whose time is its launcher's, not its own
        self.state_place = state_place  # None: the working directory

    def once(self, settings, tasks, look=None, after=None):
        """One timed run; `after(run, folder, state)` sees what it left."""
        count = max(1, tasks // self.part)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mpibatch-launch.", dir=settings.place))
        state = folder
        try:
            if self.state_place:
                state = pathlib.Path(tempfile.mkdtemp(prefix="mpibatch-launch.", dir=self.state_place))
            if self.write:
                self.write(folder, count)
            os.sync()  # what others wrote is not to be waited for here
            done = run.timed(settings, self.command(count, state / "state"), folder, count, look=look)
            if after:
                after(done, folder, state / "state")
            return done
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(state, ignore_errors=True)


# ---- what they read

def write_lines(line):
    return lambda folder, count: (folder / "lines").write_text(f"{line}\n" * count)


def write_tasks(task):
    return lambda folder, count: (folder / "tasks.txt").write_text(f"{' '.join(task)}\n" * count)


def write_makefile(task, chained=False):
    def write(folder, count):
        names = [f"t{i}" for i in range(count)]
        recipe = f"\n\t@{' '.join(task)}\n"
        rules = [f"{name}:{' ' + before if chained else ''}{recipe}" for name, before in zip(names, ["", *names])]
        (folder / "Makefile").write_text(f"all: {' '.join(names)}\n{''.join(rules)}.PHONY: all {' '.join(names)}\n")
    return write


def write_ninja(task):
    def write(folder, count):
        edges = "".join(f"build t{i}: task\n" for i in range(count))
        (folder / "build.ninja").write_text(f"rule task\n  command = {' '.join(task)}\n{edges}")
    return write


# ---- they

def bare_loop(settings, task, processes=SLOTS, name=BARE):
    return Contender(name, lambda n, _: [settings.program("bare_loop"), n, processes, *task])


def mpibatch(settings, source, write, name=OURS, ranks=0, own_cpus=True, **more):
    """`source`: the words after `run`. Under mpirun each rank offers its share of the CPUs, or all of them."""
    launcher = [settings.mpirun, "-n", str(ranks)] if ranks else []
    cpus = ["--cpus-per-node", SLOTS] if own_cpus else []
    return Contender(name, lambda _, state: [*launcher, settings.program("mpibatch"), "run", *source, "--state", state,
                                             *cpus], write, **more)


def of_tasks(settings, task=TRUE, **more):
    return mpibatch(settings, ["--tasks", "tasks.txt"], write_tasks(task), **more)


def mpirun_alone(settings, ranks):
    return Contender(MPIRUN_ALONE.format(ranks), lambda _n, _s: [settings.mpirun, "-n", ranks, *TRUE])


def mpi_alone(settings, ranks):
    return Contender(MPI_ALONE.format(ranks),
                     lambda _n, _s: [settings.mpirun, "-n", ranks, settings.program("mpi_nothing")])


def under_mpirun(settings, task=TRUE):
    """Three ranks on two CPUs: one each for two of them and none for the third; so two slots in all. One starts no MPI."""
    return [of_tasks(settings, task, name=f"{OURS}, mpirun -n 1", ranks=1, less=MPIRUN_ALONE.format(1)),
            of_tasks(settings, task, name=f"{OURS}, mpirun -n 3", ranks=3, own_cpus=False, less=MPI_ALONE.format(3))]


def make(task):
    return Contender(f"make -j{SLOTS}", lambda _n, _s: ["make", "-s", f"-j{SLOTS}"], write_makefile(task))


def xargs(task):
    """It puts a word of its own behind the task's: the last one, or one that is not looked at."""
    *command, last = [*task, "1"] if len(task) == 1 else task
    return Contender(f"xargs -P{SLOTS}", lambda _n, _s: ["xargs", "-a", "lines", "-n1", f"-P{SLOTS}", *command],
                     write_lines(last))


def others(task=TRUE):
    parallel = ["parallel", "--will-cite", f"-j{SLOTS}", "-a", "tasks.txt"]
    kept = ["--joblog", "log", "--results", "results"]
    return [
        make(task),
        xargs(task),
        Contender(f"ninja -j{SLOTS}", lambda _n, _s: ["ninja", "--quiet", f"-j{SLOTS}"], write_ninja(task), most=20_000),
        Contender("GNU parallel", lambda _n, _s: parallel, write_tasks(task), most=2_000, part=10),
        Contender("GNU parallel --joblog --results", lambda _n, _s: [*parallel[:-2], *kept, *parallel[-2:]],
                  write_tasks(task), most=2_000, part=10),
    ]
