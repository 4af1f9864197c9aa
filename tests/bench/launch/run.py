"""One command, timed by the stopwatch: nothing of Python's own is in its figures."""
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration"))
import harness

LOOK_EVERY_S = 0.1


@dataclasses.dataclass(frozen=True)
class Run:
    tasks: int
    seconds: float
    cpu: float  # of all processes, seconds
    own_cpu: float  # of the command's own process
    began_at: float  # seconds since 1970
    code: int
    pid: int
    left: dict  # by pid: own CPU seconds of what outlived the command

    @property
    def us_each(self):
        return 1e6 * self.seconds / self.tasks

    @property
    def cpu_us_each(self):
        return 1e6 * self.cpu / self.tasks


def environment(token):
    """Ours, without what an outer mpirun, Slurm, make or GNU parallel has said there."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("OMPI_COMM", "PMIX_", "PMI_", "SLURM_", "AWS_BATCH", "MAKE", "MFLAGS", "PARALLEL"))}
    # More ranks than cores are wanted here; a launcher that knows nothing of it takes no notice.
    return clean | {harness.TOKEN_VARIABLE: token, "OMPI_MCA_rmaps_base_oversubscribe": "1",
                    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def timed(settings, command, folder, tasks=1, codes=(0,), look=None):
    """Runs it in that folder to its end. `look(token, stopwatch)`: called meanwhile, ten times a second."""
    result, printed = folder / ".stopwatch", folder / ".printed"
    token = uuid.uuid4().hex
    with open(printed, "wb") as output:
        process = subprocess.Popen([settings.program("stopwatch"), result, *map(str, command)], cwd=folder,
                                   env=environment(token), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    if look is None:
        process.wait()
    else:
        while True:
            try:
                process.wait(LOOK_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                look(token, process)
    words = json.loads(result.read_text()) if process.returncode == 0 else {"code": f"stopwatch: {process.returncode}"}
    if words["code"] not in codes:
        sys.exit(f"{' '.join(map(str, command))} ended with {words['code']}:\n"
                 f"{printed.read_text(errors='replace')[-2000:]}")
    return Run(tasks, words["seconds"], words["cpu"], words["own_cpu"], words["began_at"], words["code"], words["pid"],
               {one["pid"]: one["own_cpu"] for one in words["left"]})
