# Ctrl-C and SIGTERM end a run in order: attempts are stopped, nothing is left, the next run goes on without a retry burnt.
# labels: integration mpi
# timeout: 180
# serial
import signal

import harness


class Interrupt(harness.Case):
    def interrupt(self, ranks, target, number, codes, after_start=""):
        """Sends the signal to what `target` picks while a child runs that would take long; then runs it again."""
        self.write("seconds", "100")
        self.write_plan("plan.json", {"jobs": [
            harness.array("work", 2, after_start + 'echo "$AWS_BATCH_JOB_ATTEMPT" >> began; sleep "$(cat seconds)"'),
        ]})
        arguments = ("run", "plan.json", "--grace", "2")
        run = self.start_mpirun(ranks, *arguments) if ranks else self.start_mpibatch(*arguments)
        began = self.folder / "began"
        harness.wait_until(lambda: began.exists() and began.read_text(), "an attempt to begin")
        for process in self.processes():
            if target(process):
                process.kill(number)
        self.assertIn(run.wait(), codes, run.output())
        output = run.output()
        self.assertIn("interrupted", output)
        harness.wait_until(lambda: not self.attempts(), "the attempts to end")

        self.write("seconds", "0")
        self.run_plan(ranks=ranks)
        self.assertEqual({"1"}, set(began.read_text().split()))
        self.assert_nothing_left()

    def test_of_the_plain_run(self):
        self.interrupt(0, lambda process: process.is_rank, signal.SIGINT, {harness.INTERRUPTED})

    def test_by_sigterm_to_rank_0(self):
        self.interrupt(2, lambda process: process.is_rank_0, signal.SIGTERM, {harness.INTERRUPTED})

    def test_of_mpirun(self):
        # Whatever its ranks say, Open MPI's mpirun ends with 1 then; MPICH's passes 75 on, or ends with 0.
        self.interrupt(2, lambda process: process.is_mpirun, signal.SIGINT,
                       {0, 1, harness.INTERRUPTED})

    def test_of_attempts_that_ignore_sigterm(self):
        self.interrupt(0, lambda process: process.is_rank, signal.SIGTERM, {harness.INTERRUPTED},
                       after_start="trap '' TERM; ")


if __name__ == "__main__":
    harness.main()
