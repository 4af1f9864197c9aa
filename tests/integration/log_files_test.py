# timeout: 120
# logFiles, maxLogMiB: output in plain files, and how much of it is kept packed.
import json

import harness

INDEX = "Ref::{AWS_BATCH_JOB_ARRAY_INDEX}"
SPEAKS = "echo out $AWS_BATCH_JOB_ID; echo err $AWS_BATCH_JOB_ID >&2"


class LogFiles(harness.Case):
    def run_jobs(self, *jobs, code=harness.SUCCEEDED):
        self.write_plan("plan.json", {"jobs": list(jobs)})
        return self.run_plan("plan.json", "--cpus-per-node", "2", code=code)

    def content(self, name):
        return (self.folder / name).read_text()

    def test_each_child_has_its_own(self):
        self.write("samples.csv", "sample\nNA1\nNA2\n")
        self.run_jobs(
            harness.array("a", 3, SPEAKS, logFiles={"stdout": f"logs/a/{INDEX}.out", "stderr": f"logs/a/{INDEX}.err"}),
            harness.job("b", SPEAKS, arrayProperties={"parametersFile": "samples.csv", "key": "sample"},
                        logFiles={"stdout": "logs/b/Ref::{sample}"}),
            harness.job("c", SPEAKS, logFiles={"stdout": str(self.folder / "c.log"), "stderr": str(self.folder / "c.log")}))
        for child in range(3):
            self.assertEqual(self.content(f"logs/a/{child}.out"), f"out a:{child}\n")
            self.assertEqual(self.content(f"logs/a/{child}.err"), f"err a:{child}\n")
        self.assertEqual(self.content("logs/b/NA1"), "out b:0\n")
        self.assertIn("err b:0\n", self.command("logs", "b:NA1"))
        self.assertEqual(self.content("c.log"), "out c\nerr c\n")

    def test_a_later_attempt_goes_on_where_the_one_before_ended(self):
        script = "echo attempt $AWS_BATCH_JOB_ATTEMPT; test $AWS_BATCH_JOB_ATTEMPT = 2"
        job = harness.job("a", script, retryStrategy={"attempts": 2}, logFiles={"stdout": "a.out"})
        self.run_jobs(job)
        self.assertEqual(self.content("a.out"), "attempt 1\nattempt 2\n")

    def test_logs_says_where_they_are(self):
        self.run_jobs(
            harness.array("a", 2, SPEAKS, containerProperties={"workingDirectory": "/tmp"},
                          logFiles={"stdout": f"{self.folder}/{INDEX}.Ref::{{AWS_BATCH_JOB_ATTEMPT}}.out"}),
            harness.job("b", SPEAKS, logFiles={"stdout": "b.log", "stderr": "b.log"}))
        told = f"[mpibatch: stdout goes to {self.folder}/1.1.out]\n"
        self.assertEqual(self.command("logs", "a:1"), "err a:1\n" + told)
        self.assertEqual(self.command("logs", "a:1", "--follow"), "err a:1\n" + told)
        self.assertEqual(self.command("logs", "a:1", "--stdout"), told)
        self.assertEqual(self.command("logs", "a:1", "--stderr"), "err a:1\n")
        self.assertIn("err a:0\n" + told.replace("1.1", "0.1"), self.command("logs", "a"))
        self.assertEqual(self.command("logs", "b"), "".join(
            f"[mpibatch: {stream} goes to {self.folder}/b.log]\n" for stream in ("stdout", "stderr")))
        self.assertEqual([line.get("logFile") for line in map(json.loads, self.command("logs", "b", "--json").splitlines())],
                         [f"{self.folder}/b.log"] * 2)

    def test_logs_follows_one_that_is_not_here(self):
        self.write_plan("plan.json", {"jobs": [
            harness.job("a", "echo x; while [ ! -e go ]; do sleep 0.02; done", logFiles={"stdout": "a.out"})]})
        run = self.start_mpibatch("run", "plan.json")
        harness.wait_until((self.folder / "a.out").exists, "the attempt has begun")
        follower = self.start_mpibatch("logs", "a", "--follow")
        told = f"[mpibatch: stdout goes to {self.folder}/a.out]\n"
        harness.wait_until(lambda: told in follower.output(), "it is told while it runs")
        self.write("go", "")
        self.assertEqual(self.check(follower), told)
        self.check(run)

    def test_another_place_does_not_redo_the_work(self):
        self.run_jobs(harness.job("a", SPEAKS, logFiles={"stdout": "a.out"}))
        self.run_jobs(harness.job("a", SPEAKS, logFiles={"stdout": "b.out"}, maxLogMiB=7))
        self.assertEqual(self.content("a.out"), "out a\n")
        self.assertFalse((self.folder / "b.out").exists())

    def test_logs_shows_what_was_packed_before_the_plan_named_a_file(self):
        self.run_jobs(harness.job("a", SPEAKS))
        self.run_jobs(harness.job("a", SPEAKS, logFiles={"stdout": "a.out"}))
        self.assertEqual(self.command("logs", "a", "--stdout"), "out a\n")

    def test_one_that_cannot_be_opened_is_named(self):
        self.write("file", "")
        output = self.run_jobs(harness.job("a", SPEAKS, logFiles={"stderr": "file/a.err"}), code=harness.SOME_FAILED)
        reason = rf"cannot open the file for its stderr on \S+: Not a directory: '{self.folder}/file/a.err'"
        self.assertRegex(output, reason)
        self.assertRegex(self.command("jobs", "a"), reason)

    def test_a_task_list_has_them_too(self):
        self.write("tasks.txt", "echo one\necho two; echo three >&2\n")
        self.check(self.start_mpibatch("run", "--tasks", "tasks.txt", "--log-files", f"logs/{INDEX}.out"))
        self.assertEqual(self.content("logs/0.out"), "one\n")
        self.assertEqual(self.content("logs/1.out"), "two\nthree\n")

    def test_validate_shows_them(self):
        self.write_plan("plan.json", {"jobs": [harness.array("a", 3, SPEAKS, logFiles={"stdout": f"x/{INDEX}.out"})]})
        self.assertIn(f"stdout:      {self.folder}/x/2.out\n", self.command("validate", "plan.json", "--show", "a:2"))


class Limit(harness.Case):
    def test_a_chatterbox_keeps_its_beginning_and_its_last_words(self):
        script = "echo first; head -c 5000000 < <(yes 0123456789abcde); echo last"
        self.write_plan("plan.json", {"jobs": [harness.job("a", script + "; exit 3", maxLogMiB=1)]})
        self.run_plan("plan.json", code=harness.SOME_FAILED)
        self.check_cut("a")

    def test_of_a_task_list(self):
        self.write("tasks.txt", "echo first; yes 0123456789abcde | head -c 5000000; echo last\n")
        self.check(self.start_mpibatch("run", "--tasks", "tasks.txt", "--max-log-mib", "1"))
        self.check_cut("tasks:0", "--state", "tasks.mpibatch")

    def check_cut(self, *what):
        text = self.command("logs", *what)
        self.assertTrue(text.startswith("first\n0123456789abcde\n"), text[:100])
        self.assertTrue(text.endswith("abcde\nlast\n"), text[-100:])
        self.assertRegex(text, r"\n\[mpibatch: output was cut here: 3\.\d MiB of stdout were not kept; "
                               r"the limit is 1(\.0)? MiB\]\n")
        self.assertLess(len(text), (1 << 20) + (1 << 15))


if __name__ == "__main__":
    harness.main()
