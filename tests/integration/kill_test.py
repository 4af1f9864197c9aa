#!/usr/bin/python3
"""Something dies by SIGKILL and the same command is run again at once: nothing is lost, nothing runs twice."""
# labels: fault mpi
# timeout: 600
import collections
import time
import unittest

import harness

# An attempt writes down its life: when it began and when it ended, with the tag of this attempt.
LIFE = """
now() {{ date +%s.%N; }}
tag="$AWS_BATCH_JOB_ID $$"
echo "began $tag $(now)" >> lives
sleep {seconds}
echo "ended $tag $(now)" >> lives
"""


class Kill(harness.Case):
    def plan(self, size=8, seconds=1.5):
        self.write_plan("plan.json", {"jobs": [
            harness.array("work", size, LIFE.format(seconds=seconds)),
            harness.job("after", LIFE.format(seconds=0.1), ["work"]),
        ]})

    def lives(self):
        """Per child: its attempts as (began, ended), ended None where it was killed."""
        found = collections.defaultdict(dict)
        file = self.folder / "lives"
        for line in file.read_text().splitlines() if file.exists() else []:
            what, child, pid, at = line.split()
            began, _ = found[child].get(pid, (None, None))
            found[child][pid] = (float(at), None) if what == "began" else (began, float(at))
        return {child: sorted(attempts.values()) for child, attempts in found.items()}

    def assert_each_ended_once(self, size, killed=0):
        """Every child came to its end exactly once; at most `killed` attempts began besides."""
        lives = self.lives()
        children = {f"work:{i}" for i in range(size)} | {"after"}
        self.assertEqual(set(lives), children)
        for child, attempts in lives.items():
            self.assertEqual(sum(1 for _, ended in attempts if ended), 1, f"{child}: {attempts}")
        self.assertLessEqual(sum(len(attempts) for attempts in lives.values()), len(children) + killed)

    def wait_for_attempts(self, count):
        harness.wait_until(lambda: sum(map(len, self.lives().values())) >= count, f"{count} attempts to begin")

    def start(self, *argv, **environment):
        return super().start(*argv, **environment)

    def again(self, ranks):
        began = time.monotonic()
        output = self.run_plan(ranks=ranks, seconds=120)
        self.assertIn("going on", output)
        return output, time.monotonic() - began

    def run_once(self, ranks):
        return self.start_mpirun(ranks, "run", "plan.json") if ranks else self.start_mpibatch("run", "plan.json")

    def kill_and_run_again(self, ranks, victims):
        """Kills what `victims` names once two attempts run; the same command again takes them up."""
        self.plan()
        run = self.run_once(ranks)
        self.wait_for_attempts(2)
        before = {process.pid for process in self.attempts()}
        self.assertTrue(before)
        for process in victims():
            process.kill()
        run.wait(30)
        output, _ = self.again(ranks)
        # Attempts that were running ran on and their ends count: none began a second time.
        self.assert_each_ended_once(8)
        self.assertNotIn("lease", output)
        self.assert_nothing_left()

    def test_plain_run(self):
        self.kill_and_run_again(0, self.ranks)

    def test_rank_0_of_three(self):
        self.kill_and_run_again(3, lambda: [rank for rank in self.ranks() if rank.is_rank_0])

    def test_mpirun_of_three(self):
        self.kill_and_run_again(3, lambda: [process for process in self.processes() if process.is_mpirun])

    def test_starter_alone(self):
        """Its attempts are gone before their successors start, in the same life of rank 0."""
        self.plan()
        run = self.start_mpibatch("run", "plan.json")
        self.wait_for_attempts(2)
        self.assertEqual(len(self.starters()), 1)
        for starter in self.starters():
            starter.kill()
        self.check(run, seconds=60)
        self.assert_each_ended_once(8, killed=2)
        # No two attempts of a child overlap: one that was killed never wrote its end, so its successor's begin is what
        # tells; its `sleep` would have written it had it lived on.
        for child, attempts in self.lives().items():
            ended = [ended for _, ended in attempts if ended]
            self.assertEqual(attempts[-1][1], ended[0], f"{child}: a predecessor lived on: {attempts}")
        self.assert_nothing_left()

    def test_four_ranks_then_two(self):
        self.plan(size=8, seconds=2)
        run = self.start_mpirun(4, "run", "plan.json", "--cpus-per-node", "1")
        self.wait_for_attempts(4)
        for process in self.processes():
            if process.is_mpirun or process.is_rank:
                process.kill()
        run.wait(30)
        self.assertIn("going on", self.run_plan("plan.json", "--cpus-per-node", "1", ranks=2, seconds=120))
        self.assert_each_ended_once(8)
        self.assert_nothing_left()

    def test_everything(self):
        """Starters and attempts too: what had not ended runs again, what had ended does not."""
        self.plan(size=6, seconds=0.5)
        killed = 0
        for _ in range(3):
            begun = sum(map(len, self.lives().values()))
            run = self.start_mpibatch("run", "plan.json")
            self.wait_for_attempts(begun + 2)
            self.kill_all()
            run.wait(30)
            killed += 2
        self.run_plan(seconds=120)
        self.assert_each_ended_once(6, killed=killed)
        self.assert_nothing_left()

    def test_second_run_is_refused_by_name(self):
        self.plan(size=2, seconds=2)
        run = self.start_mpibatch("run", "plan.json")
        self.wait_for_attempts(1)
        output = self.run_plan(code=harness.BAD_USAGE)
        self.assertIn(f"process {run.pid} on host", output)
        self.check(run)
        self.assert_each_ended_once(2)

    def test_interrupt_ends_in_order_and_goes_on_later(self):
        self.plan(size=4, seconds=30)
        run = self.start_mpibatch("run", "plan.json")
        self.wait_for_attempts(2)
        for rank in self.ranks():
            rank.kill(harness.signal.SIGINT)
        output = self.check(run, code=harness.INTERRUPTED, seconds=30)
        self.assertIn("mpibatch run", output)  # what to type next
        self.assert_nothing_left()
        self.write_plan("plan.json", {"jobs": [harness.array("work", 4, "true"), harness.job("after", "true", ["work"])]})
        self.run_plan()


if __name__ == "__main__":
    unittest.main()
