"""How long a run's state takes to come back from snapshot and journal: recovery_bench's figures."""
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import rounds
from report import Bar, Report, figure, table

JOBS_PER_TASK, S_BAR = 50, 1.0
NAMES = {"array": "children of an array", "fan": "jobs (one, all but two, one)", "chain": "jobs in a row"}


def measure(settings):
    jobs = JOBS_PER_TASK * settings.tasks
    rounds.say(f"recovery: {jobs:,} jobs")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mpibatch-launch.", dir=settings.place))
    try:
        done = subprocess.run([settings.program("recovery_bench"), folder, str(jobs), str(settings.rounds)],
                              stdout=subprocess.PIPE, text=True, check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = json.loads(done.stdout)
    report = Report("Recovery")
    report.text.append(f"{jobs:,} jobs that are over, read and folded; the snapshot leaves the journal's "
                       "last 64 MiB, or its second half where that is less: rank 0 makes the next one then. Files are "
                       "in the page cache.")
    report.text.append(table(["what", "from", "s", "facts read", "journal, MiB", "snapshots, MiB"], [
        [NAMES[one["jobs"]], one["from"], figure(statistics.median(one["seconds"])), f"{one['facts']:,}",
         figure(one["journal_bytes"] / 2**20), figure(one["snapshot_bytes"] / 2**20)] for one in found]))
    report.bars = [Bar(f"{jobs:,} {NAMES[one['jobs']]}", statistics.median(one["seconds"]), S_BAR, unit="s")
                   for one in found if one["from"] != "journal"]
    return report
