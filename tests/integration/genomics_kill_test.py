"""The genomics example on three ranks; everything of it dies by SIGKILL five times, at random moments; nothing that had
ended runs again. MPIBATCH_TEST_SEED=N repeats a run's choice of moments."""
# labels: fault mpi
# timeout: 600
# serial
import collections
import os
import random
import time

import harness

ARRAYS = {"align": 16, "sort": 16}
SINGLES = ("index", "split", "merge", "call", "summary")
EXECUTIONS = {f"{job}:{child}" for job, size in ARRAYS.items() for child in range(size)} | set(SINGLES)
KILLS = 5

# Writes down when a step begins and ends. The last one waits, so that no run ends before the last kill.
WRAPPER = """#!/usr/bin/env bash
life() { echo "$1 $AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ATTEMPT $$" >> lives; }
life began
while [[ $1 == summary && ! -e go ]]; do sleep 0.1; done
./real_step.sh "$@" || exit
life ended
"""


class GenomicsKill(harness.Case):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("MPIBATCH_TEST_SEED", random.randrange(1 << 32)))
        self.random = random.Random(self.seed)
        print(f"to repeat: MPIBATCH_TEST_SEED={self.seed}", flush=True)
        self.copy_example("genomics")
        (self.folder / "step.sh").rename(self.folder / "real_step.sh")
        self.write("step.sh", WRAPPER, 0o755)

    def lives(self, what):
        """How often each execution `began` or `ended`, by its own word."""
        file = self.folder / "lives"
        lines = file.read_text().splitlines() if file.exists() else []
        return collections.Counter(line.split()[1] for line in lines if line.startswith(what))

    def start_run(self):
        # Whoever waited for a lease would wait beyond the test's patience: all of the old is seen to be dead.
        return self.start_mpirun(3, "run", "plan.json", "--cpus-per-node", "1", "--lease", "600")

    def kill_everything(self):
        """Until nothing is left, in any order but one: a part of a step that dies before its starter makes the step
        fail, and a step that failed by itself is no lost one."""
        def none_left():
            left = self.processes()
            self.random.shuffle(left)
            for process in sorted(left, key=lambda process: process.is_attempt):
                process.kill()
            return not left
        harness.wait_until(none_left, "everything dies")

    def ended(self):
        """What has ended, as any reader sees it: committed in the journal, or an end in a node's segment."""
        if not self.lives("began"):
            return set()  # there may be no run to read yet
        found = set()
        for job in (*ARRAYS, *SINGLES):
            for entry in self.json("jobs", job)["jobs"]:
                ends = [attempt for attempt in entry["attempts"]
                        if attempt["state"] == "ENDED" and attempt["container"]["exitCode"] == 0]
                self.assertLessEqual(len(ends), 1, entry)
                if entry["status"] == "SUCCEEDED" or ends:
                    found.add(f"{job}:{entry['index']}" if job in ARRAYS else job)
        return found

    def wait_for_a_moment(self, run, ended_count):
        if self.random.random() < 0.3:  # on the way up, as likely as not
            time.sleep(self.random.uniform(0, 3))
        else:
            harness.wait_until(lambda: len(self.lives("ended")) >= ended_count or run.process.poll() is not None,
                               f"{ended_count} steps to end", 120)
            time.sleep(self.random.uniform(0, 0.2))

    def test_everything_killed_five_times(self):
        moments = sorted(self.random.randrange(len(EXECUTIONS) - 1) for _ in range(KILLS))
        notes = []  # after each kill: what had ended, and how often it had begun
        for ended_count in moments:
            run = self.start_run()
            self.wait_for_a_moment(run, ended_count)
            self.assertIsNone(run.process.poll(), run.output())
            self.kill_everything()
            run.wait(30)
            began = self.lives("began")
            notes.append({execution: began[execution] for execution in self.ended()})
            print(f"killed: {sum(began.values())} begun, {len(notes[-1])} of {len(EXECUTIONS)} ended", flush=True)
        self.write("go", "")
        output = self.check(self.start_run(), seconds=120)

        began = self.lives("began")
        again = {execution: (count, began[execution]) for note in notes for execution, count in note.items()
                 if began[execution] != count}
        self.assertEqual({}, again, f"had ended and ran again (begun then, now)\n{output}")
        self.assertEqual(EXECUTIONS, set(began))
        print(f"{sum(began.values())} executions begun for {len(EXECUTIONS)}", flush=True)
        self.assertEqual({"SUCCEEDED"}, set(self.statuses().values()))
        self.assertEqual(EXECUTIONS, self.ended())
        self.assertIn("equals the serial run", self.check(self.start("./check.sh")))
        self.assert_nothing_left()


if __name__ == "__main__":
    harness.main()
