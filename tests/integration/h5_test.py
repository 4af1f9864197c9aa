# state.h5 opens in h5py and in h5dump, during a run and after it, and its tables say what the commands say.
# timeout: 300
import shutil
import subprocess
import unittest

import harness

try:
    import h5py
except ImportError:
    h5py = None

STATUSES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
TABLES = ("jobs", "array_children", "attempts", "nodes", "queues", "job_definitions")
WORK = 'echo "I am $sample"; case "$sample" in c|d) while [ ! -e go ]; do sleep 0.02; done;; esac'


class H5(harness.Case):
    def setUp(self):
        super().setUp()
        self.state = self.folder / "plan.mpibatch/state.h5"
        self.write("samples.csv", "sample\na\nb\nc\nd\n")
        self.write_plan("plan.json", {
            "jobQueues": [{"jobQueueName": "urgent", "priority": 7}],
            "jobs": [
                harness.job("first", ["true"], jobQueue="urgent"),
                harness.job("bad", "exit 3", jobQueue="urgent", retryStrategy={"attempts": 2}),
                harness.job("through", ["true"], ["bad"]),
                # Two of it hold both CPUs: what else has to end must have ended before.
                harness.job("work", WORK, dependsOn=[{"jobId": "through", "type": "AFTER_ANY"}],
                            arrayProperties={"parametersFile": "samples.csv", "key": "sample"},
                            containerProperties={"memory": 5}),
                harness.job("last", ["true"], ["work"])]})

    def start_and_wait_until_two_wait(self):
        run = self.start_mpibatch("run", "plan.json", "--cpus-per-node", "2")

        def two_wait():
            if not (self.folder / "plan.mpibatch/plan/1").exists():
                return False
            counts = self.json("status")["statusSummary"]
            return (counts["RUNNING"], counts["SUCCEEDED"], counts["FAILED"]) == (2, 3, 2)
        harness.wait_until(two_wait, "two to wait and the others to end")
        return run

    def end(self, run):
        self.write("go", "")
        self.check(run, harness.SOME_FAILED)

    def tables(self):
        """Each table as a list of rows by column, its texts decoded."""
        def plain(value):
            return value.decode() if isinstance(value, bytes) else value.item() if hasattr(value, "item") else value
        with h5py.File(self.state, "r") as file:
            return {table: [{column: plain(row[column]) for column in file[table].dtype.names}
                            for row in file[table][()]] for table in TABLES}

    def assert_consistent(self, tables):
        """What holds at every moment of the run."""
        jobs = {job["name"]: job for job in tables["jobs"]}
        self.assertEqual(["first", "bad", "through", "work", "last"], list(jobs))
        for job in jobs.values():
            self.assertEqual(job["size"], sum(job[status] for status in STATUSES))
            self.assertIn(job["status"], STATUSES)
        self.assertEqual([("work", i, key) for i, key in enumerate("abcd")],
                         [(child["job"], child["index"], child["key"]) for child in tables["array_children"]])
        counted = [child["status"] for child in tables["array_children"]]
        for status in STATUSES:
            self.assertEqual(jobs["work"][status], counted.count(status), status)
        for attempt in tables["attempts"]:
            self.assertIn(attempt["job"], jobs)
            self.assertLess(attempt["index"], jobs[attempt["job"]]["size"])
            self.assertIn(attempt["node"], [node["name"] for node in tables["nodes"]])
            self.assertGreater(attempt["startedAt"], 1_600_000_000_000)

    def assert_says_what_the_commands_say(self, tables):
        self.assert_consistent(tables)
        for name, job in self.jobs().items():
            (row,) = [row for row in tables["jobs"] if row["name"] == name]
            self.assertEqual((job["status"], job["statusReason"], job["jobQueue"]),
                             (row["status"], row["statusReason"], row["queue"]))
            self.assertEqual(int("arrayProperties" in job), row["array"])
            for child in self.json("jobs", name)["jobs"]:
                rows = sorted((row for row in tables["attempts"]
                               if (row["job"], row["index"]) == (name, child.get("index", 0))),
                              key=lambda row: row["attempt"])
                self.assertEqual(len(child["attempts"]), len(rows), child)
                for attempt, row in zip(child["attempts"], rows):
                    self.assertEqual((attempt["attempt"], attempt["node"], attempt["startedAt"], attempt["stoppedAt"],
                                      attempt["container"]["exitCode"], attempt["usage"]["memoryMaxKiB"] or 0),
                                     (row["attempt"], row["node"], row["startedAt"], row["stoppedAt"],
                                      row["exitCode"], row["memoryMaxKiB"]))
                    self.assertAlmostEqual(attempt["usage"]["wallSeconds"], row["wallSeconds"])
                    self.assertEqual("SUCCEEDED" if row["exitCode"] == 0 else "FAILED", row["status"])

    @unittest.skipIf(h5py is None, "needs h5py")
    def test_h5py_reads_it_during_a_run_and_after_it(self):
        run = self.start_and_wait_until_two_wait()
        harness.wait_until(self.state.exists, "state.h5 to be there")
        self.assert_consistent(self.tables())
        self.end(run)
        tables = self.tables()
        self.assert_says_what_the_commands_say(tables)
        jobs = {job["name"]: job for job in tables["jobs"]}
        self.assertEqual({"first": "SUCCEEDED", "bad": "FAILED", "through": "FAILED", "work": "SUCCEEDED",
                          "last": "SUCCEEDED"}, {name: job["status"] for name, job in jobs.items()})
        self.assertEqual([4, 4, 5, 1], [jobs["work"][column] for column in ("size", "SUCCEEDED", "memoryMiB", "vcpus")])
        self.assertEqual("urgent", jobs["bad"]["queue"])
        bad = sorted((row["attempt"], row["exitCode"]) for row in tables["attempts"] if row["job"] == "bad")
        self.assertEqual([(1, 3), (2, 3)], bad)
        self.assertEqual({"urgent": 7}, {queue["name"]: queue["priority"] for queue in tables["queues"]
                                         if queue["name"] != "default"})
        self.assertEqual([2], [node["vcpus"] for node in tables["nodes"]])

    @unittest.skipIf(h5py is None, "needs h5py")
    def test_it_outlives_whoever_writes_it(self):
        run = self.start_and_wait_until_two_wait()
        harness.wait_until(self.state.exists, "state.h5 to be there")
        self.kill_all()
        run.wait(30)
        self.assert_consistent(self.tables())
        self.command("compact")
        tables = self.tables()
        self.assert_consistent(tables)
        self.assertEqual(3, sum(job["SUCCEEDED"] for job in tables["jobs"]))
        self.write("go", "")
        self.run_plan(code=harness.SOME_FAILED)
        self.assertEqual({"SUCCEEDED"}, {child["status"] for child in self.tables()["array_children"]})

    @unittest.skipUnless(shutil.which("h5dump"), "needs h5dump")
    def test_h5dump_prints_it_during_a_run_and_after_it(self):
        def dump(*options):
            done = subprocess.run(["h5dump", *options, self.state], capture_output=True, text=True, check=False)
            self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout)
            return done.stdout
        run = self.start_and_wait_until_two_wait()
        harness.wait_until(self.state.exists, "state.h5 to be there")
        dump()
        self.end(run)
        for table in TABLES:
            self.assertIn(f'DATASET "{table}"', dump("-H"))
        text = dump("-d", "/jobs")
        for word in ("through", "Dependent Job failed", "SUCCEEDED", "urgent"):
            self.assertIn(f'"{word}"', text)


if __name__ == "__main__":
    harness.main()
