"""What a task costs among how many, for everybody: a table and a plot."""
import rounds
import svg
from rate import everybody
from report import Report, figure, table

# Parts of the tasks asked for: 200 to 200,000 of 20,000.
SIZES = (1 / 100, 3 / 100, 1 / 10, 3 / 10, 1, 3, 10)
ROUNDS_OF_LARGE = 3


def plain(name):
    return name.replace("*", "")


def measure(settings):
    them = [one for one in everybody(settings) if not one.name.startswith("mpirun")]
    lines = {one.name: [] for one in them}
    for part in SIZES:
        tasks = max(1, round(part * settings.tasks))
        can = [one for one in them if one.most is None or tasks <= one.most]
        for one in can:
            one.part, one.less = 1, None
        count = settings.rounds if part <= 1 else min(settings.rounds, ROUNDS_OF_LARGE)
        for name, samples in rounds.play(settings, can, tasks, rounds=count, what="cost").items():
            lines[name].append((tasks, samples.median()))
    report = Report("Cost of a task")
    sizes = sorted({tasks for line in lines.values() for tasks, _ in line})
    report.text.append("µs of wall time a task of `/bin/true` on 2 slots, all in: each program's start and end, and "
                       f"mpirun's. More than {settings.tasks:,}: {ROUNDS_OF_LARGE} rounds. Slow ones stop early.")
    report.text.append(table(["tasks", *(f"{tasks:,}" for tasks in sizes)], [
        [name, *(figure(dict(line)[tasks]) if tasks in dict(line) else "" for tasks in sizes)]
        for name, line in lines.items()]))
    report.text.append("![cost of a task against the number of tasks](launch/cost.svg)")
    report.files["cost.svg"] = svg.plot("Cost of a task: /bin/true on 2 slots", "tasks", "µs a task, all in",
                                        [(plain(name), line) for name, line in lines.items()])
    return report
