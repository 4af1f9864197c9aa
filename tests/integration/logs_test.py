# timeout: 180
# `mpibatch logs`: following, searching, choosing among attempts, streams and children; torn segments.
import json
import signal
import subprocess
import time

import harness

# Prints, then lives until the file `go` is there.
WAITS = "echo before; while [ ! -e go ]; do sleep 0.02; done; echo after"


class Case(harness.Case):
    def write_jobs(self, *jobs):
        self.write_plan("plan.json", {"jobs": list(jobs)})

    def run_jobs(self, *jobs, code=harness.SUCCEEDED):
        self.write_jobs(*jobs)
        return self.run_plan("plan.json", "--cpus-per-node", "2", code=code)

    def start_jobs(self, *jobs):
        self.write_jobs(*jobs)
        self.run_ = self.start_mpibatch("run", "plan.json", "--cpus-per-node", "2")
        harness.wait_until(self.has_begun, "the run has begun")

    def has_begun(self):
        return subprocess.run([harness.MPIBATCH, "status"], cwd=self.folder, env=self.environment,
                              capture_output=True, check=False).returncode == 0

    def follow(self, *options):
        return self.start_mpibatch("logs", *options, "--follow")

    def wait_for_output(self, follower, text, seconds=30):
        harness.wait_until(lambda: text in follower.output() or follower.process.poll() is not None, "output", seconds)
        self.assertIn(text, follower.output())

    def go(self, code=harness.SUCCEEDED):
        self.write("go", "")
        self.check(self.run_, code)

    def segments(self):
        return sorted((self.folder / "plan.mpibatch" / "nodes").glob("*/*.segment"))


class Follow(Case):
    def test_prints_what_is_there_and_what_comes(self):
        self.start_jobs(harness.job("a", WAITS))
        follower = self.follow("a")
        self.wait_for_output(follower, "before\n")
        self.go()
        self.assertEqual(self.check(follower), "before\nafter\n")

    def test_what_a_task_prints_is_there_within_2_s(self):
        self.start_jobs(harness.job("a", "for i in 1 2 3 4; do date +%s.%N; sleep 0.7; done"))
        follower = self.follow("a")
        seen = {}

        def all_lines():
            for line in follower.output().split():
                seen.setdefault(line, time.time())
            return len(seen) == 4
        harness.wait_until(all_lines, "four lines")
        late = max(at - float(printed) for printed, at in seen.items())
        self.assertLess(late, 2)
        self.check(follower)

    def test_begins_before_there_is_anything(self):
        self.start_jobs(harness.job("first", WAITS), harness.job("second", "echo two", depends_on=["first"]))
        follower = self.follow("second")
        self.go()
        self.assertEqual(self.check(follower), "two\n")

    def test_waits_for_the_plan_of_a_run_that_has_just_claimed_its_folder(self):
        self.write_jobs(harness.job("a", "echo one"))
        self.run_ = self.start_mpibatch("run", "plan.json", "--cpus-per-node", "2")
        owner = self.folder / "plan.mpibatch" / "owner"
        while not owner.exists():
            self.assertIsNone(self.run_.process.poll())
        self.run_.process.send_signal(signal.SIGSTOP)
        follower = self.follow("a")
        time.sleep(0.3)
        self.run_.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.check(follower), "one\n")
        self.check(self.run_)

    def test_shows_later_attempts_and_all_children_under_headers(self):
        script = "echo attempt $AWS_BATCH_JOB_ATTEMPT; test $AWS_BATCH_JOB_ATTEMPT = 2"
        self.start_jobs(harness.job("hold", WAITS), harness.job("a", script, depends_on=["hold"],
                                                                retryStrategy={"attempts": 2}),
                        harness.array("b", 3, "echo child $AWS_BATCH_JOB_ARRAY_INDEX", depends_on=["hold"]))
        one, many = self.follow("a"), self.follow("b")
        self.go()
        text = self.check(one)
        self.assertRegex(text, r"\Aattempt 1\n==> a, attempt 2 on \S+: running <==\nattempt 2\n\Z")
        text = self.check(many)
        for child in range(3):
            self.assertRegex(text, rf"==> b:{child}, attempt 1 on [^\n]* <==\nchild {child}\n")

    def test_failures_are_shown_as_they_come(self):
        self.start_jobs(harness.array("a", 3, "echo I am $AWS_BATCH_JOB_ARRAY_INDEX; test $AWS_BATCH_JOB_ARRAY_INDEX != 1"),
                        harness.job("hold", WAITS))
        follower = self.follow("--failed")
        self.wait_for_output(follower, "I am 1\n")
        self.go(code=harness.SOME_FAILED)
        text = self.check(follower)
        self.assertRegex(text, r"\A==> a:1, attempt 1 on \S+, exit code 1: [^\n]+ <==\nI am 1\n\Z")

    def test_a_failure_that_its_node_wrote_down_before_rank_0_heard_of_it_is_shown(self):
        self.start_jobs(harness.job("a", WAITS + "; false"))
        self.wait_for_output(self.follow("a"), "before\n")
        for process in self.ranks():
            process.kill(signal.SIGSTOP)
        self.write("go", "")
        harness.wait_until(lambda: not self.attempts(), "the attempt is over")
        follower = self.follow("--failed")
        harness.wait_until(lambda: any(b"after" in segment.read_bytes() for segment in self.segments()), "the output")
        time.sleep(0.5)  # it looks at what is there
        for process in self.ranks():
            process.kill(signal.SIGCONT)
        self.check(self.run_, harness.SOME_FAILED)
        self.assertRegex(self.check(follower), r"\A==> a, attempt 1 on \S+, exit code 1: [^\n]+ <==\nbefore\nafter\n\Z")

    def test_says_so_where_nobody_drives_the_run(self):
        self.start_jobs(harness.job("a", WAITS), harness.job("b", ["true"], depends_on=["a"]))
        follower = self.follow("a")
        self.wait_for_output(follower, "before\n")
        for process in self.ranks() + self.starters() + self.attempts():
            if process.pid != follower.pid:
                process.kill()
        text = self.check(follower, harness.INTERRUPTED)
        self.assertIn("nobody drives the run", text)
        self.assertIn("'a' is RUNNING and waits for `mpibatch run`", text)
        self.assertIn("'b' is PENDING", self.check(self.follow("b"), harness.INTERRUPTED))

    def follow_a_and_kill_rank_0(self):
        self.start_jobs(harness.job("a", WAITS))
        follower = self.follow("a")
        self.wait_for_output(follower, "before\n")
        for process in self.ranks():
            process.kill()
        self.run_.wait()
        return follower

    def test_goes_on_with_the_next_rank_0(self):
        follower = self.follow_a_and_kill_rank_0()
        self.run_ = self.start_mpibatch("run", "plan.json", "--cpus-per-node", "2")
        self.go()
        self.assertEqual(self.check(follower).splitlines()[-1], "after")

    def test_ends_where_names_may_mean_other_jobs(self):
        follower = self.follow_a_and_kill_rank_0()
        self.write_jobs(harness.job("new", ["true"]), harness.job("a", WAITS))
        self.run_ = self.start_mpibatch("run", "plan.json", "--cpus-per-node", "2")
        self.assertIn("follows another plan now", self.check(follower, harness.INTERRUPTED))
        self.go()

    def test_of_what_is_over_it_ends_at_once(self):
        self.run_jobs(harness.job("a", ["echo", "x"]), harness.job("bad", ["false"]),
                      harness.job("after", ["true"], depends_on=["bad"]), code=harness.SOME_FAILED)
        self.assertEqual(self.command("logs", "a", "-f"), "x\n")
        self.assertIn("Dependent Job failed", self.check(self.follow("after"), harness.BAD_USAGE))

    def test_ends_at_ctrl_c(self):
        self.start_jobs(harness.job("a", WAITS))
        follower = self.follow("a")
        self.wait_for_output(follower, "before\n")
        follower.process.send_signal(signal.SIGINT)
        self.check(follower, -signal.SIGINT)
        self.go()

    def test_ends_with_its_reader(self):
        self.start_jobs(harness.job("a", WAITS))
        follower = subprocess.Popen([harness.MPIBATCH, "logs", "a", "-f"], cwd=self.folder, env=self.environment,
                                    stdout=subprocess.PIPE)
        self.assertEqual(follower.stdout.readline(), b"before\n")
        follower.stdout.close()
        self.assertEqual(follower.wait(10), 0)
        self.go()


class Grep(Case):
    def grep(self, code, *arguments):
        run = subprocess.run([harness.MPIBATCH, "logs", *arguments], cwd=self.folder, env=self.environment,
                             capture_output=True, check=False)
        self.assertEqual(run.returncode, code, run.stderr)
        return run

    def test_finds_lines_and_says_whose(self):
        self.run_jobs(harness.array("a", 3, r"i=$AWS_BATCH_JOB_ARRAY_INDEX; printf '\000x%s y\n' $i; "
                                            r"printf 'no\nl'; echo ast $i >&2; printf 'ast %s' $i"))
        found = self.grep(0, "a", "--grep", "^la(st|te) [01]$").stdout
        self.assertEqual(found, b"a:0: last 0\na:1: last 1\n")
        self.assertEqual(self.grep(0, "a:2", "--grep", "x[0-9] y").stdout, b"\x00x2 y\n")
        self.assertEqual(self.grep(0, "a:2", "--grep", "ast", "--stderr").stdout, b"ast 2\n")
        self.assertEqual(self.grep(1, "a", "--grep", "nothing").stdout, b"")
        self.assertEqual(self.grep(1, "a", "-f", "--grep", "nothing").stdout, b"")
        error = self.grep(2, "a", "--grep", "(a").stderr.decode()
        self.assertIn("Unmatched (", error)

    def test_json_is_an_object_a_line(self):
        self.run_jobs(harness.array("a", 2, "echo out; echo err >&2"))
        lines = [json.loads(line) for line in self.command("logs", "a", "--json").splitlines()]
        self.assertEqual([(line["jobName"], line["index"], line["key"], line["attempt"], line["stream"], line["message"])
                          for line in lines],
                         [("a", 0, "0", 1, "stdout", "out"), ("a", 0, "0", 1, "stderr", "err"),
                          ("a", 1, "1", 1, "stdout", "out"), ("a", 1, "1", 1, "stderr", "err")])


class Choose(Case):
    def test_streams_attempts_children_and_failures(self):
        script = ("echo out $AWS_BATCH_JOB_ATTEMPT; echo err $AWS_BATCH_JOB_ATTEMPT >&2; "
                  "test $AWS_BATCH_JOB_ARRAY_INDEX = 0")
        self.run_jobs(harness.array("a", 2, script, retryStrategy={"attempts": 2}),
                      harness.array("silent", 3, ["true"]), code=harness.SOME_FAILED)
        self.assertEqual(self.command("logs", "a:1", "--stdout"), "out 2\n")
        self.assertEqual(self.command("logs", "a:1", "--stderr", "--attempt", "1"), "err 1\n")
        text = self.command("logs", "a", "--stdout")
        self.assertRegex(text, r"\A==> a:0, attempt 1 on \S+ <==\nout 1\n==> a:1, attempt 2 on [^\n]*exit code 1")
        failed = self.command("logs", "--failed")
        self.assertNotIn("a:0", failed)
        self.assertIn("out 2\n", failed)
        self.assertEqual(self.command("logs", "silent"), "")

    def test_one_child_of_many_is_read_by_the_index(self):
        self.run_jobs(harness.array("a", 12, "head -c 1000000 /dev/zero | tr '\\0' x; echo $AWS_BATCH_JOB_ARRAY_INDEX"))
        segment, = self.segments()
        self.assertTrue(segment.with_suffix(".index").exists())
        for child in (0, 5, 11):
            self.assertEqual(self.command("logs", f"a:{child}"), "x" * 1000000 + f"{child}\n")
        # What lies elsewhere is not even looked at.
        with open(segment, "r+b") as file:
            file.seek(6_000_000)
            file.write(b"damage")
        self.assertEqual(self.command("logs", "a:0"), "x" * 1000000 + "0\n")
        # Without an index all of it is.
        segment.with_suffix(".index").unlink()
        self.assertIn("is damaged at byte", self.start_and_read("logs", "a:0"))

    def start_and_read(self, *arguments):
        run = self.start_mpibatch(*arguments)
        run.wait()
        return run.output()

    def test_a_torn_tail_costs_at_most_the_last_record(self):
        self.run_jobs(harness.job("a", "echo one; sleep 1.2; echo two"))
        segment, = self.segments()
        whole = segment.read_bytes()
        two = whole.index(b"two\n")
        segment.write_bytes(whole[:two + 2])
        self.assertEqual(self.command("logs", "a"), "one\n")
        segment.write_bytes(whole[:two + 4])
        self.assertEqual(self.command("logs", "a"), "one\ntwo\n")


if __name__ == "__main__":
    harness.main()
