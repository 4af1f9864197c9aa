"""Tasks that wait for each other: in a row, and one before and one after very many."""
import json
import statistics

import contender
import rounds
from report import Bar, Report, figure, spread, table

LINK_MS_BAR, FAN_BAR = 0.3, 0.90
SERIAL = "bare loop, 1 process"
COMMAND = {"containerProperties": {"command": list(contender.TRUE)}}


def write_plan(jobs):
    """`jobs`: of so many tasks, the list of jobs."""
    return lambda folder, count: (folder / "plan.json").write_text(json.dumps({"jobs": jobs(count)}))


def job(name, *after, **more):
    return {"jobName": name, "dependsOn": [{"jobId": one} for one in after], **more, **COMMAND}


def sequential(count):
    return [{"jobName": "chain", "arrayProperties": {"size": count}, "dependsOn": [{"type": "SEQUENTIAL"}], **COMMAND}]


def jobs_in_a_row(count):
    return [job("j0"), *(job(f"j{i}", f"j{i - 1}") for i in range(1, count))]


def fan_of_an_array(count):
    return [job("first"), job("all", "first", arrayProperties={"size": count - 2}), job("last", "all")]


def fan_of_jobs(count):
    middle = [f"j{i}" for i in range(count - 2)]
    return [job("first"), *(job(name, "first") for name in middle), job("last", *middle)]


def write_fan_makefile(folder, count):
    middle = " ".join(f"t{i}" for i in range(count - 2))
    recipe = f"\t@{' '.join(contender.TRUE)}\n"
    (folder / "Makefile").write_text(f"last: {middle}\n{recipe}{middle}: first\n{recipe}first:\n{recipe}"
                                     f".PHONY: first last {middle}\n")


def ours(settings, how, jobs):
    return contender.mpibatch(settings, ["plan.json"], write_plan(jobs), name=f"{contender.OURS}, {how}")


def make(write, alone):
    if alone:
        return []
    found = contender.make(contender.TRUE)
    found.write = write
    return [found]


def chains(settings, links, alone):
    return rounds.play(settings, [contender.bare_loop(settings, contender.TRUE, 1, SERIAL),
                                  ours(settings, "a `SEQUENTIAL` array", sequential),
                                  ours(settings, "a job each", jobs_in_a_row),
                                  *make(contender.write_makefile(contender.TRUE, chained=True), alone)],
                       links, what="chains")


def fans(settings, tasks, alone):
    return rounds.play(settings, [contender.bare_loop(settings, contender.TRUE),
                                  ours(settings, "an array between two jobs", fan_of_an_array),
                                  ours(settings, "a job each", fan_of_jobs), *make(write_fan_makefile, alone)],
                       tasks, what="fan")


def is_ours(one):
    return one.name.startswith(contender.OURS)


def measure(settings, alone=False):
    """A twentieth of the tasks in a row, half of them in the fan. `alone`: without other programs."""
    links, middle = max(10, settings.tasks // 20), max(10, settings.tasks // 2)
    row, fan = chains(settings, links, alone), fans(settings, middle + 2, alone)
    report = Report("Chains and fans")
    serial, bare = row[SERIAL], fan[contender.BARE]

    def over(one):
        """Milliseconds a link, over the bare loop, of each round."""
        return [(a - b) / 1000 for a, b in zip(one.us_each(), serial.us_each())]
    report.text.append(f"{links:,} × `/bin/true` in a row, start and end of each program included:")
    report.text.append(table(["a chain", "ms a link", "over the bare loop", "least–most"], [
        [one.name, figure(one.median() / 1000), *(["", ""] if one is serial else
                                                  [figure(statistics.median(over(one))), spread(over(one))])]
        for one in row.values()]))
    report.text.append(f"One, then {middle:,}, then one:")
    report.text.append(table(["a fan", "tasks/s", "ratio to the bare loop", "least–most"], [
        [one.name, f"{1e6 / one.median():,.0f}", f"{one.ratio(bare):.2f}", spread(one.ratios(bare))]
        for one in fan.values()]))
    report.bars = [Bar(f"a link of {one.name}, over the bare loop", statistics.median(over(one)), LINK_MS_BAR, unit="ms")
                   for one in row.values() if is_ours(one)]
    report.bars += [Bar(f"the fan of {one.name}, beside the bare loop", one.ratio(bare), FAN_BAR, at_least=True)
                    for one in fan.values() if is_ours(one)]
    return report
