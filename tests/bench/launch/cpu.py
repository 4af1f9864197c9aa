"""Whose CPU time a task takes: rank 0's, its starter's, its own."""
import statistics

import contender
import rounds
from report import Bar, Report, figure, table
from watch import Watch

US_BAR = 10


def measure(settings, alone=False):
    """`alone` changes nothing: there is nobody else."""
    seen = []
    ours = contender.of_tasks(settings)

    def once(tasks):
        watch = Watch()
        done = contender.Contender.once(ours, settings, tasks, watch.look)
        seen.append((done.own_cpu, watch.cpu_of_starters(done), done.cpu))
    for number in range(settings.rounds):
        rounds.say(f"cpu: {settings.tasks:,} tasks, round {number + 1} of {settings.rounds}")
        once(settings.tasks)
    bare = rounds.play(settings, [contender.bare_loop(settings, contender.TRUE)], settings.tasks, what="cpu")
    rank_0, starter, everything = (1e6 * statistics.median(values) / settings.tasks for values in zip(*seen))
    report = Report("CPU time")
    report.text.append(f"{settings.tasks:,} × `/bin/true`, user and system time; that of rank 0 and of the starter is "
                       "told apart in steps of 10 ms in all.")
    report.text.append(table(["process", "CPU µs a task"], [
        ["rank 0", figure(rank_0)], ["its starter", figure(starter)],
        ["the tasks, from vfork to exit, and the snapshot's writer", figure(everything - rank_0 - starter)],
        ["all", figure(everything)], ["the bare loop and its tasks", figure(bare[contender.BARE].cpu_us_each())]]))
    report.bars = [Bar("rank 0, for each task", rank_0, US_BAR, unit="µs")]
    return report
