"""Contenders one after the other, again and again, so that a change of the machine's mood meets all of them."""
import statistics
import sys


class Samples:
    """The runs of one contender, a run a round."""

    def __init__(self, contender):
        self.contender, self.runs = contender, []
        self.launcher = None  # samples of what its launcher takes by itself

    @property
    def name(self):
        return self.contender.name

    def seconds(self):
        return [one.seconds for one in self.runs]

    def us_each(self):
        """Of each round; without its launcher's own time where that is known."""
        alone = self.launcher.seconds() if self.launcher else [0] * len(self.runs)
        return [1e6 * (one.seconds - start) / one.tasks for one, start in zip(self.runs, alone)]

    def us_each_all_in(self):
        return [one.us_each for one in self.runs]

    def cpu_us_each(self):
        return statistics.median(one.cpu_us_each for one in self.runs)

    def ratios(self, bare):
        """How fast beside the bare loop, round by round."""
        return [a / b for a, b in zip(bare.us_each(), self.us_each())]

    def median(self):
        return statistics.median(self.us_each())

    def ratio(self, bare):
        return statistics.median(self.ratios(bare))


def say(text):
    print(text, file=sys.stderr, flush=True)


def play(settings, contenders, tasks, rounds=None, what="", **once):
    """Samples by name. Each round begins with another contender."""
    rounds = rounds or settings.rounds
    samples = {one.name: Samples(one) for one in contenders}
    for number in range(rounds):
        say(f"{what}: {tasks:,} tasks, round {number + 1} of {rounds}")
        first = number % len(contenders)
        for one in contenders[first:] + contenders[:first]:
            samples[one.name].runs.append(one.once(settings, tasks, **once))
    for one in samples.values():
        one.launcher = samples.get(one.contender.less)
    return samples
