"""How long one task takes, all in, from the command to its end."""
import os
import pathlib
import statistics

import contender
import rounds
from report import Bar, Report, figure, spread, table

MS_BAR = 50
ROUNDS_MIN = 15
MEMORY = "/dev/shm"
NOTHING = "`/bin/true`, no mpibatch"


def measure(settings):
    one_task = [contender.Contender(NOTHING, lambda _n, _s: contender.TRUE),
                contender.of_tasks(settings, name="one task")]
    if os.access(MEMORY, os.W_OK):
        one_task.append(contender.of_tasks(settings, name="one task, state in memory", state_place=MEMORY))
    through = [contender.mpirun_alone(settings, 1), contender.under_mpirun(settings)[0]]
    samples = rounds.play(settings, [*one_task, *through], 1, rounds=max(ROUNDS_MIN, settings.rounds), what="start")
    for one in samples.values():
        one.launcher = None
    report = Report("Start")
    report.text.append(f"One `/bin/true`, from the command to its exit code; state on {pathlib.Path(settings.place)}.")
    report.text.append(table(["", "ms", "least–most"], [
        [one.name, figure(one.median() / 1000), spread([us / 1000 for us in one.us_each()], 1)]
        for one in samples.values()]))
    mpirun, under = (samples[one.name].seconds() for one in through)
    over_mpirun = statistics.median(1000 * (b - a) for a, b in zip(mpirun, under))
    report.bars = [
        Bar("one task, no mpirun", samples["one task"].median() / 1000, MS_BAR, unit="ms"),
        Bar("one task under mpirun -n 1, over mpirun of a program without MPI", over_mpirun, MS_BAR, unit="ms")]
    return report
