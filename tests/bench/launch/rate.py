"""How fast very many very short tasks start."""
import statistics

import contender
import rounds
from report import Bar, Report, spread, table

BAR = 0.92


def everybody(settings):
    return [contender.bare_loop(settings, contender.TRUE), contender.of_tasks(settings),
            *contender.under_mpirun(settings), *contender.others(),
            contender.mpirun_alone(settings, 1), contender.mpi_alone(settings, 3)]


def row(one, bare):
    each = one.median()
    all_in = f"{bare.median() / statistics.median(one.us_each_all_in()):.2f}" if one.launcher else ""
    return [one.name, f"{1e6 / each:,.0f}", f"{one.ratio(bare):.2f}", spread(one.ratios(bare)), all_in,
            f"{one.cpu_us_each():.0f}"]


def measure(settings, alone=False):
    """`alone`: mpibatch without mpirun, beside the bare loop and nobody else."""
    them = everybody(settings)[:2] if alone else everybody(settings)
    samples = rounds.play(settings, them, settings.tasks, what="rate")
    bare = samples[contender.BARE]
    launchers = [one.launcher for one in samples.values()]
    shown = [one for one in samples.values() if one not in launchers]
    report = Report("Launch rate")
    report.text.append(
        f"{settings.tasks:,} × `/bin/true` on 2 slots, medians of {len(bare.runs)} rounds. mpibatch keeps output and "
        "state, the bare loop nothing. GNU parallel gets a tenth of the tasks. Under mpirun, what mpirun, and MPI where "
        "there are several ranks, take to start and to end without a task is taken off; with it: last but one column.")
    report.text.append(table(["2 slots", "tasks/s", "ratio to the bare loop", "least–most", "with mpirun's start",
                              "CPU µs a task"], [row(one, bare) for one in shown]))
    report.bars = [Bar(f"{one.name} beside the bare loop", one.ratio(bare), BAR, at_least=True)
                   for one in shown if one.name.startswith(contender.OURS)]
    return report
