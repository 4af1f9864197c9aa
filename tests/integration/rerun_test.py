# The same command again: what failed is retried, what was interrupted goes on, and the first line says which it was.
# labels: integration mpi
# timeout: 300
import harness

# Each attempt notes what it is; a file `bad.NAME` makes it fail, a file `hold.NAME` keeps it running.
STEP = """
name="${AWS_BATCH_JOB_ID/:/.}"
echo "$name" >> ran
while [ -e "hold.$name" ]; do sleep 0.02; done
test ! -e "bad.$name"
"""


class Case(harness.Case):
    def ran(self):
        """What ran since this was asked last, sorted."""
        file = self.folder / "ran"
        lines = file.read_text().splitlines() if file.exists() else []
        file.write_text("")
        return sorted(lines)

    def first_line(self, output):
        return output.splitlines()[0].removeprefix("mpibatch: ")

    def mark(self, what, *names):
        for name in names:
            self.write(f"{what}.{name}", "")

    def unmark(self, what, *names):
        for name in names:
            (self.folder / f"{what}.{name}").unlink()


class Rerun(Case):
    """index → align (4) → sort (4, N_TO_N) → merge, and one that has nothing to do with them."""

    TASKS = 11

    def setUp(self):
        super().setUp()
        self.write_plan("plan.json", {"jobs": [
            harness.job("index", STEP),
            harness.array("align", 4, STEP, ["index"]),
            harness.array("sort", 4, STEP, dependsOn=[{"jobId": "align", "type": "N_TO_N"}]),
            harness.job("merge", STEP, ["sort"]),
            harness.job("other", STEP)]})

    def run_again(self, *options, code=harness.SUCCEEDED, ranks=0):
        return self.run_plan("plan.json", *options, code=code, ranks=ranks)

    def test_what_failed_and_what_failed_through_it_is_retried(self):
        self.mark("bad", "align.2", "other")
        output = self.run_again(code=harness.SOME_FAILED)
        self.assertEqual("new run: 5 jobs, 11 tasks", self.first_line(output))
        self.assertIn("to run again what failed: mpibatch run plan.json", output)
        self.assertEqual(9, len(self.ran()))
        self.assertEqual("FAILED", self.statuses()["merge"])
        self.unmark("bad", "align.2")

        output = self.run_again(code=harness.SOME_FAILED)
        self.assertEqual("running again: 7 succeeded and kept, 4 tasks will run", self.first_line(output))
        self.assertEqual(["align.2", "merge", "other", "sort.2"], self.ran())
        self.unmark("bad", "other")

        output = self.run_again()
        self.assertEqual("running again: 10 succeeded and kept, 1 task will run", self.first_line(output))
        self.assertEqual(["other"], self.ran())
        self.assertEqual({"SUCCEEDED"}, set(self.statuses().values()))
        self.assertEqual([1, 0], [attempt["container"]["exitCode"] for attempt
                                  in self.children("align")["2"]["attempts"]])

    def test_nothing_to_do(self):
        self.run_again()
        self.ran()
        for ranks in (0, 2):
            self.assertEqual("nothing to run: all 11 tasks have SUCCEEDED (--fresh runs them again)",
                             self.first_line(self.run_again(ranks=ranks)))
        for option in ("--keep-failed", "--retry-failed", "--rerun-changed", "--accept"):
            self.assertIn("nothing to run", self.run_again(option))
        self.assertEqual([], self.ran())
        self.assert_nothing_left()

    def test_keep_failed(self):
        self.mark("bad", "sort.0")
        self.run_again(code=harness.SOME_FAILED)
        self.ran()
        self.unmark("bad", "sort.0")
        output = self.run_again("--keep-failed", code=harness.SOME_FAILED)
        self.assertEqual("nothing to run: 9 succeeded, 2 failed and kept", self.first_line(output))
        self.assertIn("sort:0", output)
        self.assertEqual([], self.ran())
        self.assertIn("exclude each other", self.run_again("--keep-failed", "--retry-failed", code=harness.BAD_USAGE))
        self.run_again()
        self.assertEqual(["merge", "sort.0"], self.ran())

    def test_under_mpirun_the_exit_code_is_the_same(self):
        self.mark("bad", "merge")
        self.run_again(ranks=2, code=harness.SOME_FAILED)
        self.ran()
        self.run_again("--keep-failed", ranks=2, code=harness.SOME_FAILED)
        self.assertEqual([], self.ran())
        self.unmark("bad", "merge")
        self.run_again(ranks=2)
        self.assertEqual(["merge"], self.ran())

    def kill_when_only_sort_2_is_left(self):
        self.mark("bad", "align.1")
        self.mark("hold", "sort.2")
        run = self.start_mpibatch("run", "plan.json", "--cpus-per-node", "2")

        def seven_are_done():
            if not (self.folder / "plan.mpibatch/plan/1").exists():
                return False
            counts = self.json("status")["statusSummary"]
            return (counts["SUCCEEDED"], counts["RUNNING"]) == (7, 1)
        harness.wait_until(seven_are_done, "only sort:2 to be left")
        self.kill_all()
        run.wait(30)
        self.ran()
        self.unmark("bad", "align.1")
        self.unmark("hold", "sort.2")

    def test_what_was_interrupted_goes_on(self):
        self.kill_when_only_sort_2_is_left()
        output = self.run_again(code=harness.SOME_FAILED)
        # align:1 failed, sort:1 failed through it: they stay so, until the run is over. Then merge fails, too.
        self.assertEqual("going on: 9 of 11 tasks done, 2 left", self.first_line(output))
        self.assertEqual(["sort.2"], self.ran())
        output = self.run_again()
        self.assertEqual("running again: 8 succeeded and kept, 3 tasks will run", self.first_line(output))
        self.assertEqual(["align.1", "merge", "sort.1"], self.ran())

    def test_what_was_interrupted_retries_failures_if_asked(self):
        self.kill_when_only_sort_2_is_left()
        output = self.run_again("--retry-failed")
        self.assertEqual("running again: 7 succeeded and kept, 4 tasks will run", self.first_line(output))
        self.assertEqual(["align.1", "merge", "sort.1", "sort.2"], self.ran())

    def test_what_was_cancelled_stays(self):
        self.mark("hold", "index")
        self.mark("bad", "index")
        run = self.start_mpibatch("run", "plan.json", "--cpus-per-node", "1")
        harness.wait_until(lambda: (self.folder / "ran").exists(), "it begins")
        self.command("cancel", "other", "--reason", "not today")
        harness.wait_until(lambda: self.statuses()["other"] == "FAILED", "it is cancelled")
        self.unmark("hold", "index")
        self.check(run, harness.SOME_FAILED)
        self.unmark("bad", "index")
        self.ran()
        self.run_again(code=harness.SOME_FAILED)
        self.assertEqual(10, len(self.ran()))
        other = self.jobs()["other"]
        self.assertEqual(("FAILED", "not today"), (other["status"], other["statusReason"]))
        self.assertIn("nothing to run", self.run_again(code=harness.SOME_FAILED))
        self.assertEqual([], self.ran())


# The first run's attempts stay; those of the second look whether they are still there.
ALONE = """
if [ ! -e second ]; then
  echo $$ >> pids
  exec sleep 1000
fi
for before in $(cat pids); do
  if [[ $(cat "/proc/$before/stat" 2>/dev/null) == *") "[RSDT]* ]]; then echo "$before" >> overlaps; fi
done
"""


class ManyTimes(Case):
    def test_covered_journals_are_not_missed(self):
        self.write_plan("plan.json", {"jobs": [harness.job("a", "sleep 1.5; exit 1")]})
        first = self.folder / "plan.mpibatch/journal/0000000001.journal"
        self.run_plan("plan.json", code=harness.SOME_FAILED)
        for _ in range(8):
            if not first.exists():
                break
            self.run_plan("plan.json", code=harness.SOME_FAILED)
        self.assertFalse(first.exists())
        output = self.run_plan("plan.json", code=harness.SOME_FAILED)
        self.assertNotIn("journal", output)
        done = self.check(self.start_mpibatch("compact", "--upto", "1.1"), harness.BAD_USAGE)
        self.assertIn("no longer kept", done)


class Fresh(Case):
    def test_sets_the_old_state_aside(self):
        self.write_plan("plan.json", {"jobs": [harness.job("a", STEP), harness.job("b", STEP, ["a"])]})
        self.assertEqual("new run: 2 jobs, 2 tasks", self.first_line(self.run_plan("plan.json", "--fresh")))
        for number in (1, 2):
            self.ran()
            run = self.json("status")["run"]
            lines = self.run_plan("plan.json", "--fresh").splitlines()
            aside = f"plan.mpibatch.{number}"
            self.assertEqual(f"mpibatch: the old state is now '{self.folder}/{aside}'", lines[0])
            self.assertEqual("mpibatch: new run: 2 jobs, 2 tasks", lines[1])
            self.assertEqual(["a", "b"], self.ran())
            self.assertEqual(run, self.json("status", "--state", aside)["run"])
            self.assertNotEqual(run, self.json("status")["run"])
            self.assertEqual({"SUCCEEDED"}, {job["status"] for job in self.json("jobs", "--state", aside)["jobs"]})
        self.assert_nothing_left()

    def after_rank_0_was_killed(self, size, ranks):
        """A starter lives on with what it runs; that ends before the first attempt of the new run starts."""
        self.write_plan("plan.json", {"jobs": [harness.array("alone", size, ALONE)]})
        arguments = ("run", "plan.json", "--cpus-per-node", "1")
        run = self.start_mpirun(ranks, *arguments) if ranks else self.start_mpibatch(*arguments)
        pids = self.folder / "pids"
        harness.wait_until(lambda: pids.exists() and len(pids.read_text().split()) == size, "all begin")
        for process in self.ranks():
            if process.is_rank_0:
                process.kill()
        run.wait(30)
        self.assertTrue(self.starters())
        self.assertTrue(self.attempts())
        self.write("second", "")
        output = self.run_plan("plan.json", "--fresh", "--cpus-per-node", "1", ranks=ranks)
        self.assertIn("the old state is now", output)
        self.assertFalse((self.folder / "overlaps").exists())
        self.assertEqual({"alone": "SUCCEEDED"}, self.statuses())
        self.assertEqual(0, self.json("status", "--state", "plan.mpibatch.1")["statusSummary"]["SUCCEEDED"])
        self.assert_nothing_left()

    def test_ends_what_the_old_run_left(self):
        self.after_rank_0_was_killed(size=1, ranks=0)

    def test_ends_what_the_old_run_left_on_three_nodes(self):
        self.after_rank_0_was_killed(size=3, ranks=3)

    def test_is_refused_while_the_old_run_goes_on(self):
        self.write_plan("plan.json", {"jobs": [harness.job("a", STEP)]})
        self.mark("hold", "a")
        run = self.start_mpibatch("run", "plan.json")
        harness.wait_until(lambda: (self.folder / "ran").exists(), "it begins")
        self.assertIn(f"process {run.pid}", self.run_plan("plan.json", "--fresh", code=harness.BAD_USAGE))
        self.assertFalse((self.folder / "plan.mpibatch.1").exists())
        self.unmark("hold", "a")
        self.check(run)
        self.assertEqual(["a"], self.ran())


if __name__ == "__main__":
    harness.main()
