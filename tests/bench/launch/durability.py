"""What it costs that the state is on a disk: the same run with its state in memory."""
import os
import statistics

import contender
import rounds
from report import Bar, Report, figure, spread, table

MEMORY = "/dev/shm"
BAR_PERCENT = 3
ON_DISK, IN_MEMORY = "state on disk", f"state in {MEMORY}"


def measure(settings):
    report = Report("Durability's price")
    if not os.access(MEMORY, os.W_OK):
        report.text.append(f"There is no {MEMORY} to write to here: not measured.")
        return report
    samples = rounds.play(settings, [contender.of_tasks(settings, name=ON_DISK, state_place=settings.place),
                                     contender.of_tasks(settings, name=IN_MEMORY, state_place=MEMORY)],
                          settings.tasks, what="durability")
    disk, memory = samples[ON_DISK], samples[IN_MEMORY]
    more = [100 * (a / b - 1) for a, b in zip(disk.us_each(), memory.us_each())]
    report.text.append(f"{settings.tasks:,} × `/bin/true`; the disk is {settings.place}.")
    report.text.append(table(["", "µs a task", "least–most"], [
        [one.name, figure(one.median()), spread(one.us_each(), 1)] for one in (disk, memory)]))
    report.bars = [Bar("the disk takes longer by", statistics.median(more), BAR_PERCENT, unit="%")]
    return report
