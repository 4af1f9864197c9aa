"""For tests that run the program: a folder and a token of their own, runs with a limit, processes found by the token.

    class Sweep(harness.Case):
        def test_ends(self):
            self.write_plan("plan.json", {"jobs": [harness.job("a", ["true"])]})
            self.run_plan("plan.json")                       # exit code 0, or the test fails with the output
            self.assertEqual(self.jobs()["a"]["status"], "SUCCEEDED")

Every process that descends from a test, starters and attempts too, carries its token in the environment: nothing is
ever looked for, or killed, by name. tearDown() kills what is left and removes the folder.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

SOURCE = pathlib.Path(os.environ.get("MPIBATCH_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("MPIBATCH_BUILD", SOURCE / "build/dev"))
MPIBATCH = os.environ.get("MPIBATCH", str(BUILD / "mpibatch"))
# Of the MPI that mpibatch-mpi is built with.
MPIRUN = os.environ.get("MPIRUN", "mpirun")
MPICC = os.environ.get("MPICC", "mpicc")
TOKEN_VARIABLE = "HARNESS_TOKEN"

SUCCEEDED, SOME_FAILED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 75


# ---- plans

def job(name, command, depends_on=(), **fields):
    """A job of a plan. `command`: an argument list, or a script as one string."""
    kind = "script" if isinstance(command, str) else "command"
    container = {kind: command, **fields.pop("containerProperties", {})}
    result = {"jobName": name, "containerProperties": container, **fields}
    if depends_on:
        result["dependsOn"] = [{"jobId": other} for other in depends_on]
    return result


def array(name, size, command, depends_on=(), **fields):
    return job(name, command, depends_on, arrayProperties={"size": size}, **fields)


# ---- processes

def rank_of(environment):
    """The rank that a process with this environment was started as, by Open MPI or MPICH; None: no rank."""
    return environment.get("OMPI_COMM_WORLD_RANK", environment.get("PMI_RANK"))


class Process:
    """A process that is told from a later one of the same number by its start time."""

    def __init__(self, pid, start, parent, state, argv, environment):
        self.pid, self.start, self.parent, self.state = pid, start, parent, state
        self.argv, self.environment = argv, environment

    @property
    def program(self):
        return os.path.basename(self.argv[0]) if self.argv else ""

    @property
    def is_starter(self):
        return self.program.startswith("mpibatch") and self.argv[1:2] == ["starter"]

    @property
    def is_rank(self):
        """Rank 0 or an agent; without mpirun, the plain `mpibatch run`."""
        return self.program.startswith("mpibatch") and "run" in self.argv[1:2]

    @property
    def is_rank_0(self):
        return self.is_rank and rank_of(self.environment) in (None, "0")

    @property
    def is_mpirun(self):
        return self.program.startswith(("mpirun", "mpiexec", "orterun"))

    @property
    def is_attempt(self):
        """An attempt's process, or one that descends from it."""
        return "MPIBATCH_TOKEN" in self.environment

    def is_alive(self):
        now = _read_process(self.pid)
        return now is not None and now.start == self.start and now.state not in "ZX"

    def kill(self, number=signal.SIGKILL):
        """Sends the signal, but never to another process that has the number now."""
        if self.is_alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def __repr__(self):
        return f"{self.pid} {' '.join(self.argv)[:120]}"


def _read_process(pid):
    folder = pathlib.Path("/proc") / str(pid)
    try:
        stat = (folder / "stat").read_text(errors="replace")
        argv = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        variables = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2:].split()
    environment = dict(v.split("=", 1) for v in variables if "=" in v)
    return Process(pid, int(fields[19]), int(fields[1]), fields[0], argv, environment)


def processes(token):
    """All living processes that carry the token, by number."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            process = _read_process(int(entry))
            if process and process.environment.get(TOKEN_VARIABLE) == token and process.state not in "ZX":
                found.append(process)
    return sorted(found, key=lambda process: process.pid)


def wait_until(condition, what, seconds=30):
    """The condition's first true value; AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.01)


# ---- running the program

class Run:
    """A program that was started and may be waited for. Its output goes to a file, so it never blocks on it."""

    def __init__(self, argv, cwd, environment, label):
        self.argv = [str(word) for word in argv]
        self.output_file = pathlib.Path(cwd) / f".output.{label}"
        with open(self.output_file, "wb") as output:
            self.process = subprocess.Popen(self.argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        return self.output_file.read_text(errors="replace")

    def wait(self, seconds=60):
        """The exit code; AssertionError with the output after so many seconds."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self} is not over after {seconds} s:\n{self.output()}") from None

    def __str__(self):
        return " ".join(self.argv)


class Case(unittest.TestCase):
    """Gives each test `folder` (also its working directory), `token` and `environment`."""

    maxDiff = None

    def setUp(self):
        if not os.access(MPIBATCH, os.X_OK):
            self.fail(f"there is no program '{MPIBATCH}': build it, or name it in MPIBATCH")
        # Short, and node-local: sockets lie below it.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mb.", dir="/tmp"))
        self.token = uuid.uuid4().hex
        (self.folder / "rt").mkdir(mode=0o700)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("OMPI_COMM", "PMIX_", "PMI_", "SLURM_", "AWS_BATCH"))}
        self.environment |= {TOKEN_VARIABLE: self.token,
                             "MPIBATCH_RUNTIME_DIR": str(self.folder / "rt"),
                             "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                             "OMPI_MCA_rmaps_base_oversubscribe": "1"}
        self.runs = []

    def tearDown(self):
        self.kill_all()
        for run in self.runs:
            run.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- files and plans

    def write(self, name, text, mode=None):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if mode is not None:
            file.chmod(mode)
        return file

    def write_plan(self, name, plan):
        return self.write(name, json.dumps(plan, indent=1))

    def copy_example(self, name):
        """Makes a copy of an example's folder the working directory."""
        shutil.copytree(SOURCE / "examples" / name, self.folder, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("work", "*.mpibatch"))

    # -- programs

    def start(self, *argv, **environment):
        variables = self.environment | {name: str(value) for name, value in environment.items()}
        self.runs.append(Run(argv, self.folder, variables, len(self.runs)))
        return self.runs[-1]

    def start_mpibatch(self, *arguments, **environment):
        return self.start(MPIBATCH, *arguments, **environment)

    def start_mpirun(self, ranks, *arguments, **environment):
        """`mpirun -n RANKS mpibatch ARGUMENTS`."""
        return self.start(MPIRUN, "-n", ranks, MPIBATCH, *arguments, **environment)

    def check(self, run, code=SUCCEEDED, seconds=60):
        """Waits for the run; fails with its output if it ends with another exit code. The output."""
        actual = run.wait(seconds)
        if actual != code:
            self.fail(f"{run} ended with {actual}, not {code}:\n{run.output()}")
        return run.output()

    def run_plan(self, plan="plan.json", *options, ranks=0, code=SUCCEEDED, seconds=60, **environment):
        """Runs a plan to its end, under mpirun if `ranks` is not 0. The output."""
        arguments = ("run", plan, *options)
        run = (self.start_mpirun(ranks, *arguments, **environment) if ranks
               else self.start_mpibatch(*arguments, **environment))
        return self.check(run, code, seconds)

    def command(self, *arguments, code=SUCCEEDED, seconds=30):
        """Runs `mpibatch ARGUMENTS`; its standard output, which must come with that exit code."""
        done = subprocess.run([MPIBATCH, *map(str, arguments)], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
        text = done.stdout.decode(errors="replace")
        if done.returncode != code:
            self.fail(f"mpibatch {' '.join(map(str, arguments))} ended with {done.returncode}, not {code}:\n"
                      f"{text}{done.stderr.decode(errors='replace')}")
        return text

    def json(self, *arguments):
        """What `mpibatch ARGUMENTS --json` prints."""
        text = self.command(*arguments, "--json")
        try:
            return json.loads(text)
        except ValueError as error:
            self.fail(f"mpibatch {' '.join(map(str, arguments))} --json printed no JSON ({error}):\n{text}")

    def jobs(self, *options):
        """What `mpibatch jobs --json` prints, by jobName."""
        return {entry["jobName"]: entry for entry in self.json("jobs", *options)["jobs"]}

    def children(self, job, *options):
        """What `mpibatch jobs JOB --json` prints, by key: attempts, usage and placement of each child."""
        return {entry["key"]: entry for entry in self.json("jobs", job, *options)["jobs"]}

    def statuses(self, *options):
        """The status of each job."""
        return {name: entry["status"] for name, entry in self.jobs(*options).items()}

    # -- processes

    def processes(self):
        return processes(self.token)

    def starters(self):
        return [process for process in self.processes() if process.is_starter]

    def attempts(self):
        return [process for process in self.processes() if process.is_attempt]

    def ranks(self):
        return [process for process in self.processes() if process.is_rank]

    def kill_all(self):
        """SIGKILL to everything of this test, until nothing is left."""
        deadline = time.monotonic() + 20
        while left := self.processes():
            for process in left:
                process.kill()
            if time.monotonic() > deadline:
                raise AssertionError(f"these cannot be killed: {left}")
            time.sleep(0.01)

    def assert_nothing_left(self, seconds=10):
        """No process of this test, such as a starter or an attempt, lives on after so many seconds."""
        wait_until(lambda: not self.processes(), f"processes are left: {self.processes()}", seconds)


def main():
    unittest.main()
