#!/usr/bin/python3
"""The short form of launch/run.sh: mpibatch beside the bare loop alone. Prints its tables; only a gross loss is a
failure, since machines that run tests are busy: a ratio under half of its bar, a time of more than twice its bar on a
machine that is as slow as this one is now, by the bare loop."""
# labels: bench
# serial
# timeout: 300
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "launch"))
import chains
import contender
import cpu
import efficiency
import rate
import rounds
from settings import SLOTS, Settings, keep_to_the_slots

TASK_US = 220  # what a slot of a bare loop takes for each /bin/true on the machine that the bars are from


class Launch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        keep_to_the_slots()

    def check(self, part, tasks, rounds_each):
        """So few tasks that a run's start counts, too: half of a bar leaves room for it."""
        settings = Settings(tasks, rounds_each, tempfile.gettempdir())
        report = part.measure(settings, alone=True)
        print("", report.markdown(), sep="\n", flush=True)
        bare = rounds.play(settings, [contender.bare_loop(settings, contender.TRUE)], 1000, rounds=1, what="bare")
        slower = bare[contender.BARE].median() * SLOTS / TASK_US
        for bar in report.bars:
            self.assertFalse(bar.missed_by_far(slower), f"{bar.what}: {bar.value:.3g}; bar: {bar.limit:g}; this machine "
                             f"is {slower:.1f} times as slow as that of the bars")

    def test_rate(self):
        self.check(rate, 3000, 3)

    def test_cpu_of_rank_0(self):
        self.check(cpu, 5000, 1)

    def test_chain_and_fan(self):
        self.check(chains, 4000, 2)

    def test_efficiency(self):
        self.check(efficiency, 1000, 2)


if __name__ == "__main__":
    unittest.main()
