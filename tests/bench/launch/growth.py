"""Whether a task costs the same among many as among few: time, memory, bytes on disk; and how soon a long list runs."""
import os
import pathlib
import shutil
import signal
import statistics
import tempfile

import contender
import rounds
import run
from report import Bar, Report, figure, table
from watch import Watch

SAME = 1.10  # largest cost a task over the least
LINES_PER_TASK, FIRST_S_BAR = 50, 2.0
INTERRUPTED = 75


class Sizes:
    """All that was seen of runs of so many tasks."""

    def __init__(self, tasks):
        self.tasks = tasks
        self.rank_0_mib, self.starter_mib, self.bytes = [], [], {}
        self.samples, self.bare = None, None

    def seen(self, watch, state):
        self.rank_0_mib.append(watch.peak_mib("rank 0"))
        self.starter_mib.append(watch.peak_mib("starter"))
        self.bytes = bytes_by_folder(state)


def bytes_by_folder(state):
    """Bytes in the state folder, by what lies right in it; a file with two names counts once."""
    found, known = {}, set()
    for path in sorted(state.rglob("*")):
        status = path.lstat()
        if path.is_file() and status.st_ino not in known:
            known.add(status.st_ino)
            name = path.relative_to(state).parts[0]
            name = name if name in ("journal", "nodes", "plan") else "snapshots" if "h5" in path.suffix else "others"
            found[name] = found.get(name, 0) + status.st_size
    return found


class WatchedContender(contender.Contender):
    """mpibatch, looked at while it runs."""

    def __init__(self, ours, sizes):
        super().__init__(ours.name, ours.command, ours.write)
        self.sizes = sizes

    def once(self, settings, tasks, look=None, after=None):
        watch = Watch()
        return super().once(settings, tasks, watch.look,
                            lambda _run, _folder, state: self.sizes[tasks].seen(watch, state))


def grow(settings):
    """Each size beside the bare loop, and beside a run of one task: what a run takes however little it does."""
    sizes = {count: Sizes(count) for count in (max(1, settings.tasks // 10), settings.tasks, settings.tasks * 10)}
    ours = WatchedContender(contender.of_tasks(settings), sizes)
    for count, one in sizes.items():
        samples = rounds.play(settings, [contender.bare_loop(settings, contender.TRUE), ours], count, what="growth")
        one.samples, one.bare = samples[contender.OURS], samples[contender.BARE]
    start = rounds.play(settings, [contender.of_tasks(settings)], 1, rounds=3 * settings.rounds, what="growth")
    return list(sizes.values()), statistics.median(start[contender.OURS].seconds())


def first_of_many(settings, lines):
    """Seconds until the first task of so long a list runs, and rank 0's peak by then. The run is ended at once."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mpibatch-launch.", dir=settings.place))
    mark, watch = folder / "first", Watch()

    def look(token, stopwatch):
        watch.look(token, stopwatch)
        if mark.exists() and not look.ended:
            look.ended = True
            stopwatch.send_signal(signal.SIGTERM)
    look.ended = False
    try:
        (folder / "tasks.txt").write_text(f"/bin/touch {mark.name}\n" + "/bin/true\n" * (lines - 1))
        os.sync()
        done = run.timed(settings, contender.of_tasks(settings).command(lines, folder / "state"), folder,
                         codes=(0, INTERRUPTED), look=look)
        return mark.stat().st_mtime_ns / 1e9 - done.began_at, watch.peak_mib("rank 0")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def size_row(one, start):
    each = one.samples.median()
    parts = ", ".join(f"{name} {size / one.tasks:.1f}" for name, size in sorted(one.bytes.items()) if size >= one.tasks)
    return [f"{one.tasks:,}", figure(each), figure(each - 1e6 * start / one.tasks), figure(one.bare.median()),
            f"{one.samples.ratio(one.bare):.2f}", figure(max(one.rank_0_mib)), figure(max(one.starter_mib)),
            f"{sum(one.bytes.values()) / one.tasks:.0f} ({parts})"]


def measure(settings):
    """A tenth of the tasks, all, ten times as many; and a list fifty times as long."""
    sizes, start = grow(settings)
    lines = LINES_PER_TASK * settings.tasks
    firsts = []
    for number in range(settings.rounds):
        rounds.say(f"growth: first of {lines:,} lines, round {number + 1} of {settings.rounds}")
        firsts.append(first_of_many(settings, lines))
    report = Report("Growth")
    report.text.append(
        f"A run of one task takes {1000 * start:.0f} ms; the second column of times is without that. Peaks of memory are "
        "the largest of all rounds; bytes are those of the files in the state folder.")
    report.text.append(table(["tasks", "µs a task", "µs, start taken off", "µs, bare loop", "ratio", "rank 0, MiB",
                              "starter, MiB", "state, bytes a task"], [size_row(one, start) for one in sizes]))
    few, many = sizes[0], sizes[-1]
    more = many.tasks - few.tasks
    report.text.append("Memory that grows with the run: " + ", ".join(
        f"{name} {(max(a) - max(b)) * 2**20 / more:.1f}" for name, a, b in
        (("rank 0", many.rank_0_mib, few.rank_0_mib), ("starter", many.starter_mib, few.starter_mib)))
        + f" bytes a task. Rank 0 of {lines:,} lines: {max(mib for _, mib in firsts):.0f} MiB when the first one ran.")
    for what, taken_off in (("all in", 0), ("its start taken off", start)):
        costs = [one.samples.median() - 1e6 * taken_off / one.tasks for one in sizes]
        report.bars.append(Bar(f"the dearest size over the cheapest, {what}", max(costs) / min(costs), SAME))
    report.bars.append(Bar(f"the first of {lines:,} lines runs after", statistics.median(s for s, _ in firsts),
                           FIRST_S_BAR, unit="s"))
    return report
