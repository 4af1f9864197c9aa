"""How much of two slots does work: tasks that sleep, and tasks that are all work."""
import statistics

import contender
import rounds
from report import Bar, Report, figure, spread, table
from settings import SLOTS

SLEEP_S, SLEEP_BAR = 0.1, 0.98
SPIN_US, SPIN_BAR = 1000, 0.92


def everybody(settings, task, alone):
    ours = [contender.bare_loop(settings, task), contender.of_tasks(settings, task)]
    return ours if alone else [*ours, contender.xargs(task), contender.make(task)]


def measure(settings, alone=False):
    """A hundredth of the tasks sleep, all of them spin. `alone`: without other programs."""
    sleeps = max(4, settings.tasks // 100)
    sleepers = rounds.play(settings, everybody(settings, ("/bin/sleep", str(SLEEP_S)), alone), sleeps, what="sleep")
    spin = (settings.program("spin"), str(SPIN_US))
    spinners = rounds.play(settings, everybody(settings, spin, alone), settings.tasks, what="spin")
    ideal = sleeps * SLEEP_S / SLOTS
    bare = spinners[contender.BARE]
    report = Report("Efficiency")

    def used(one):
        return [ideal / seconds for seconds in one.seconds()]
    report.text.append(f"{sleeps:,} × `sleep {SLEEP_S}` on {SLOTS} slots; {ideal:g} s would be ideal:")
    report.text.append(table(["sleep", "s", "ideal/here", "least–most"], [
        [one.name, figure(statistics.median(one.seconds())), f"{statistics.median(used(one)):.3f}",
         spread(used(one), 3)]
        for one in sleepers.values()]))
    report.text.append(f"{settings.tasks:,} × {SPIN_US / 1000:g} ms of CPU; ideal is what the bare loop takes:")
    report.text.append(table(["all work", "s", "ratio to the bare loop", "least–most"], [
        [one.name, figure(statistics.median(one.seconds())), f"{one.ratio(bare):.3f}", spread(one.ratios(bare), 3)]
        for one in spinners.values()]))
    report.bars = [
        Bar("tasks that sleep, of the ideal", statistics.median(used(sleepers[contender.OURS])), SLEEP_BAR, at_least=True),
        Bar("tasks that work, beside the bare loop", spinners[contender.OURS].ratio(bare), SPIN_BAR, at_least=True)]
    return report
