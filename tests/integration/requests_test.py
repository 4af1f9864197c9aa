# What a user asks of a run, while it goes on and after it: terminate, hold, release, retry, priority, explain.
import harness

# Prints its index, and lives until the file `go` is there.
WAITS = "echo child ${AWS_BATCH_JOB_ARRAY_INDEX:-}; while [ ! -e go ]; do sleep 0.02; done"
# Fails until the file `fixed` is there.
FLAKY = ["test", "-e", "fixed"]
TWO_CPUS = ("--cpus-per-node", "2")


class Case(harness.Case):
    def start_jobs(self, *jobs, options=TWO_CPUS, **plan):
        self.write_plan("plan.json", {"jobs": list(jobs), **plan})
        self.run_ = self.start_mpibatch("run", "plan.json", *options)
        return self.run_

    def run_jobs(self, *jobs, code=harness.SUCCEEDED, options=TWO_CPUS, **plan):
        self.write_plan("plan.json", {"jobs": list(jobs), **plan})
        return self.run_plan("plan.json", *options, code=code)

    def again(self, *options, code=harness.SUCCEEDED):
        return self.run_plan("plan.json", *TWO_CPUS, *options, code=code)

    def summary(self):
        if not (self.folder / "plan.mpibatch" / "owner").exists():
            return {}
        return self.json("status")["statusSummary"]

    def wait_for(self, status, count):
        harness.wait_until(lambda: self.summary().get(status) == count, f"{count} tasks are {status}")

    def go(self, code=harness.SUCCEEDED):
        self.write("go", "")
        return self.check(self.run_, code)

    def listed(self, reference):
        return self.json("jobs", reference)["jobs"]


class Terminate(Case):
    def test_ends_a_running_child_and_leaves_its_siblings(self):
        self.start_jobs(harness.array("work", 3, f"trap 'echo told; exit 3' TERM; {WAITS}"),
                        harness.job("after", ["true"], ["work"]))
        self.wait_for("RUNNING", 2)
        answer = self.command("terminate", "work:0", "--reason", "wrong sample")
        self.assertIn("asked rank 0", answer)
        self.assertIn("1 running", answer)
        self.wait_for("FAILED", 1)
        self.go(harness.SOME_FAILED)
        children = self.listed("work")
        self.assertEqual([child["status"] for child in children], ["FAILED", "SUCCEEDED", "SUCCEEDED"])
        self.assertEqual(children[0]["statusReason"], "wrong sample")
        self.assertIn("told", self.command("logs", "work:0"))
        self.assertEqual(self.listed("after")[0]["statusReason"], "Dependent Job failed")
        self.assertIn("nothing to terminate", self.command("terminate", "work"))

    def test_is_not_retried_by_its_attempts_nor_by_the_next_run(self):
        self.start_jobs(harness.job("work", WAITS, retryStrategy={"attempts": 3}))
        self.wait_for("RUNNING", 1)
        self.command("terminate", "work")
        self.check(self.run_, harness.SOME_FAILED)
        self.assertEqual(len(self.listed("work")[0]["attempts"]), 1)
        self.again(code=harness.SOME_FAILED)
        self.assertEqual(len(self.listed("work")[0]["attempts"]), 1)


class Hold(Case):
    def test_keeps_the_rest_until_it_is_released(self):
        self.start_jobs(harness.array("first", 2, WAITS), harness.array("held", 2, ["true"]))
        self.wait_for("RUNNING", 2)
        self.assertIn("asked rank 0", self.command("hold", "held"))
        harness.wait_until(lambda: self.json("status")["held"], "it is held")
        self.assertIn("held by a user", self.json("status")["held"][0])
        self.assertIn("held", "".join(self.json("explain", "held:0")["reasons"]))
        self.write("go", "")
        self.wait_for("SUCCEEDED", 2)
        self.assertEqual({child["status"] for child in self.listed("held")}, {"RUNNABLE"})
        self.command("release", "held")
        self.check(self.run_)
        self.assertEqual(self.statuses()["held"], "SUCCEEDED")

    def test_of_everything_waits_for_the_next_run_and_its_release(self):
        self.run_jobs(harness.job("good", ["true"]))
        self.write_plan("plan.json", {"jobs": [harness.job("good", ["true"]), harness.job("more", ["true"])]})
        self.assertIn("next `mpibatch run`", self.command("hold", "--all"))
        self.command("release", "--all")
        self.assertEqual(self.json("status")["requestsWaiting"], 2)
        self.again()
        self.assertEqual(self.statuses(), {"good": "SUCCEEDED", "more": "SUCCEEDED"})
        self.assertEqual(self.json("status")["requestsWaiting"], 0)

    def test_needs_a_job_or_all(self):
        self.run_jobs(harness.job("good", ["true"]))
        self.command("hold", code=harness.BAD_USAGE)
        self.command("release", "good", "--all", code=harness.BAD_USAGE)
        self.assertIn("nothing to hold", self.command("hold", "good"))

    def test_the_last_request_has_the_last_word(self):
        self.run_jobs(harness.array("work", 2, FLAKY), code=harness.SOME_FAILED)
        self.write("fixed", "")
        self.command("retry", "work")
        for verb in ("hold", "release") * 8:
            self.command(verb, "work")
        self.again()


class Retry(Case):
    def test_of_a_failed_child_while_the_run_goes_on(self):
        self.start_jobs(harness.job("flaky", FLAKY), harness.job("after", ["true"], ["flaky"]),
                        harness.job("work", WAITS))
        self.wait_for("FAILED", 2)
        self.write("fixed", "")
        self.assertIn("asked rank 0", self.command("retry", "flaky"))
        self.wait_for("SUCCEEDED", 2)
        self.go()
        self.assertEqual(set(self.statuses().values()), {"SUCCEEDED"})

    def test_after_the_run_is_done_by_the_next_one(self):
        self.run_jobs(harness.array("flaky", 2, FLAKY), harness.job("good", "echo once >> good.txt"),
                      harness.job("then", "echo once >> then.txt", ["good"]), code=harness.SOME_FAILED)
        self.write("fixed", "")
        self.assertIn("next `mpibatch run`", self.command("retry", "flaky:1"))
        self.again("--keep-failed", code=harness.SOME_FAILED)
        self.assertEqual([child["status"] for child in self.listed("flaky")], ["FAILED", "SUCCEEDED"])

        self.again()
        self.assertIn("--include-succeeded", self.command("retry", "good"))  # nothing failed
        self.command("retry", "good", "--include-succeeded", "--dependents")
        self.again()
        for name in ("good.txt", "then.txt"):
            self.assertEqual((self.folder / name).read_text(), "once\nonce\n")
        self.assertEqual(set(self.statuses().values()), {"SUCCEEDED"})
        self.assertIn("nothing to run", self.again())


class Priority(Case):
    def test_lets_a_job_overtake(self):
        self.start_jobs(harness.array("work", 1, WAITS),
                        harness.array("low", 2, "echo low >> order.txt"),
                        harness.array("high", 2, "echo high >> order.txt"),
                        options=("--cpus-per-node", "1"))
        self.wait_for("RUNNING", 1)
        self.command("hold", "low")
        self.command("hold", "high")
        harness.wait_until(lambda: len(self.json("status")["held"]) == 2, "both are held")
        self.assertIn("priority 7", self.command("priority", "high", "7"))
        harness.wait_until(lambda: self.json("status")["requestsWaiting"] == 0, "it is applied")
        self.command("release", "--all")
        harness.wait_until(lambda: not self.json("status")["held"], "all is released")
        self.go()
        self.assertEqual((self.folder / "order.txt").read_text().split(), ["high"] * 2 + ["low"] * 2)

    def test_is_the_jobs_not_a_childs(self):
        self.run_jobs(harness.array("work", 2, ["true"]))
        self.command("priority", "work:1", "7", code=harness.BAD_USAGE)
        self.command("priority", "work", "10000", code=harness.BAD_USAGE)


class Explain(Case):
    def test_of_a_waiting_job_and_of_one_that_is_done(self):
        self.start_jobs(harness.job("work", WAITS, containerProperties={"vcpus": 2}),
                        harness.job("wide", ["true"], containerProperties={"vcpus": 2}),
                        harness.job("after", ["true"], ["wide"]))
        self.wait_for("RUNNING", 1)
        wide = self.json("explain", "wide")
        self.assertEqual(wide["status"], "RUNNABLE")
        self.assertTrue(wide["reasons"])
        self.assertIn("wide", self.command("explain", "after"))
        self.go()
        done = self.json("explain", "after")
        self.assertEqual(done["status"], "SUCCEEDED")
        self.assertTrue(self.command("explain", "after").startswith("after\n"))


class MaxFailures(Case):
    def run_failing(self, code=harness.SOME_FAILED):
        job = harness.job("align", FLAKY, arrayProperties={"size": 8, "maxFailures": 1})
        self.write_plan("plan.json", {"jobs": [job, harness.job("other", ["true"])]})
        return self.run_plan("plan.json", "--cpus-per-node", "1", code=code)

    def test_holds_what_waits_and_the_next_run_retries(self):
        output = self.run_failing()
        self.assertIn("maxFailures", output)
        self.assertIn("mpibatch release align", output)
        self.assertIn("FAILED: exit code 1", output)
        summary = self.json("status")["statusSummary"]
        self.assertLess(summary["FAILED"], 8)
        self.assertGreater(summary["RUNNABLE"], 0)
        self.assertEqual(self.statuses()["other"], "SUCCEEDED")
        self.assertEqual(self.json("status")["state"], "HELD")
        self.assertIn("HELD: ", self.command("status"))
        self.write("fixed", "")
        self.run_failing(code=harness.SUCCEEDED)
        self.assertEqual(self.json("status")["statusSummary"]["SUCCEEDED"], 9)

    def test_released_they_are_forgiven(self):
        self.run_failing()
        failed = self.json("status")["statusSummary"]["FAILED"]
        self.write("fixed", "")
        self.command("release", "align")
        self.run_failing()  # what failed stays failed
        summary = self.json("status")["statusSummary"]
        self.assertEqual((summary["FAILED"], summary["SUCCEEDED"]), (failed, 9 - failed))


class CannotStart(Case):
    def test_holds_an_array_whose_command_is_not_there(self):
        self.write_plan("plan.json", {"jobs": [harness.array("align", 50, ["no-such-aligner", "x"])]})
        output = self.run_plan("plan.json", "--cpus-per-node", "1", code=harness.SOME_FAILED)
        self.assertIn("no-such-aligner", output)
        self.assertIn("PATH", output)
        self.assertIn("is held", output)
        self.assertLess(self.json("status")["statusSummary"]["FAILED"], 50)


if __name__ == "__main__":
    harness.main()
