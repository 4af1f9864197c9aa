# The command line beside `run`: what it says, when, and with which exit code.
import json
import subprocess

import harness

# Prints its index, and lives until the file `go` is there.
WAITS = "echo child $AWS_BATCH_JOB_ARRAY_INDEX; while [ ! -e go ]; do sleep 0.02; done"


class Case(harness.Case):
    def says(self, *arguments, code=harness.SUCCEEDED):
        """Both streams of a command."""
        return self.check(self.start_mpibatch(*arguments), code)

    def refused(self, *arguments):
        return self.says(*arguments, code=harness.BAD_USAGE)

    def listed(self, reference):
        """The children of a job, by index; of one that is no array, itself."""
        return self.json("jobs", reference)["jobs"]

    def run_jobs(self, *jobs, code=harness.SUCCEEDED, options=(), **plan):
        self.write_plan("plan.json", {"jobs": list(jobs), **plan})
        return self.run_plan("plan.json", *options, code=code)

    def start_jobs(self, *jobs, options=()):
        self.write_plan("plan.json", {"jobs": list(jobs)})
        return self.start_mpibatch("run", "plan.json", *options)

    def wait_for_running(self, count):
        def running():
            if not (self.folder / "plan.mpibatch" / "owner").exists():
                return False
            return self.json("status")["statusSummary"]["RUNNING"] == count
        harness.wait_until(running, f"{count} tasks run")


class Usage(Case):
    def test_help_shows_every_command_with_an_example(self):
        text = self.command("--help")
        for command in ("run", "validate", "status", "jobs", "logs", "explain", "cancel", "terminate", "hold",
                        "release", "retry", "priority", "compact"):
            self.assertRegex(text, rf"(?m)^  {command} ")
            self.assertRegex(self.command(command, "--help"), rf"Examples?:\n  mpibatch {command}")
            self.assertNotRegex(self.command(command, "--help"), r"TEXT|INT\b|FLOAT")
        self.assertNotRegex(text, r"(?m)^  starter ")
        self.assertRegex(self.command("--version"), r"^mpibatch \d+\.\d+")

    def test_bad_usage_is_2_and_says_what_is_known(self):
        self.assertIn("did you mean 'status'?", self.refused("statsu"))
        self.assertIn("mpibatch --help", self.refused())
        self.assertIn("--jsno", self.refused("status", "--jsno"))
        self.assertIn("mpibatch cancel --help", self.refused("cancel"))
        self.assertIn("--failed", self.refused("logs"))
        self.assertIn("--tasks", self.refused("validate"))

    def test_every_rank_sees_it_and_one_says_it(self):
        output = self.check(self.start_mpirun(2, "run", "--colour"), harness.BAD_USAGE)
        self.assertEqual(output.count("--colour"), 1, output)


class Folders(Case):
    def test_no_run_here(self):
        for command in (["status"], ["jobs"], ["logs", "a"], ["explain", "a"], ["cancel", "a"], ["terminate", "a"],
                        ["hold", "a"], ["release", "--all"], ["retry", "a"], ["priority", "a", "1"], ["compact"]):
            self.assertIn("mpibatch run plan.json", self.refused(*command))

    def test_several_runs_are_listed(self):
        self.run_jobs(harness.job("a", ["true"]))
        self.run_plan("plan.json", "--state", "other.mpibatch")
        output = self.refused("status")
        self.assertIn("--state plan.mpibatch", output)
        self.assertIn("--state other.mpibatch", output)
        self.assertEqual(self.json("status", "--state", "other.mpibatch")["state"], "FINISHED")

    def test_a_folder_that_is_no_run(self):
        (self.folder / "results").mkdir()
        self.assertIn("not a run's state folder", self.refused("status", "--state", "results"))
        self.assertIn("there is no state folder", self.refused("status", "--state", "nowhere"))


class Validate(Case):
    def test_all_errors_at_once_each_with_its_place(self):
        self.write_plan("plan.json", {"jobs": [
            harness.job("a", ["true"], jobQueue="gpu"),
            harness.job("b", ["true"], ["c"]),
            {"jobName": "d", "containerProperties": {"comand": ["true"]}}]})
        lines = self.refused("validate", "plan.json").splitlines()
        for place in ("jobs[0].jobQueue", "jobs[1].dependsOn[0].jobId", "jobs[2].containerProperties"):
            self.assertTrue([line for line in lines if line.startswith(f"plan.json: {place}")], lines)
        self.assertTrue(any("did you mean 'command'" in line for line in lines), lines)

    def test_summary_has_the_first_commands_with_their_parameters(self):
        self.write("samples.csv", "sample,n\nNA1,one two\nNA2,3\nNA3,4\n")
        self.write_plan("plan.json", {"jobs": [
            {"jobName": "align", "arrayProperties": {"parametersFile": "samples.csv", "key": "sample"},
             "containerProperties": {"command": ["echo", "Ref::{n}"], "vcpus": 2}}]})
        text = self.command("validate", "plan.json")
        self.assertIn("1 job, 3 tasks", text)
        self.assertIn("align:NA1\n      echo 'one two'\n", text)
        self.assertNotIn("NA3", text)
        plan = self.json("validate", "plan.json")
        self.assertEqual(plan["jobs"][0]["arrayProperties"]["size"], 3)
        self.assertEqual(plan["jobs"][0]["vcpus"], 2)
        self.assertEqual(plan["jobs"][0]["firstCommands"][0]["command"], ["echo", "one two"])

    def test_task_lists(self):
        self.write("tasks.txt", "echo 1\n# not this one\necho 2 | cat\n")
        self.assertIn("tasks:1\n      echo 2 | cat\n",
                      self.command("validate", "--tasks", "tasks.txt").replace("tasks:echo 2 | cat", "tasks:1"))

    def test_errors_as_json(self):
        self.write("plan.json", "{")
        done = self.start_mpibatch("validate", "plan.json", "--json")
        plan = json.loads(self.check(done, harness.BAD_USAGE))
        self.assertFalse(plan["valid"])
        self.assertIn("plan.json", plan["errors"][0]["where"])


class DuringARun(Case):
    def setUp(self):
        super().setUp()
        self.started = self.start_jobs(harness.array("work", 6, WAITS),
                                   harness.job("after", ["true"], ["work"]),
                                   options=["--cpus-per-node", "2"])
        self.wait_for_running(2)

    def end(self, code):
        self.write("go", "")
        return self.check(self.started, code)

    def test_status_jobs_and_logs_show_how_it_is_now(self):
        status = self.json("status")
        self.assertEqual(status["state"], "RUNNING")
        self.assertEqual((status["rank0"]["pid"], status["rank0"]["alive"]), (self.started.pid, True))
        self.assertEqual(status["statusSummary"]["PENDING"], 1)
        self.assertEqual(status["nodes"][0]["vcpus"], 2)
        self.assertIn("RUNNING: rank 0 is process", self.command("status"))
        jobs = self.jobs()
        self.assertEqual(jobs["work"]["status"], "PENDING")  # of a parent whose children run
        self.assertEqual(jobs["work"]["arrayProperties"]["statusSummary"]["RUNNING"], 2)
        first = self.listed("work:0")[0]
        self.assertEqual(first["status"], "RUNNING")
        harness.wait_until(lambda: self.command("logs", "work:0") == "child 0\n",
                           "a running attempt's output is there")
        self.assertEqual(self.listed("work:0")[0]["attempts"][0]["state"], "RUNNING")
        self.assertIn("no attempt of 'after' is recorded: it is PENDING", self.refused("logs", "after"))
        self.end(harness.SUCCEEDED)
        self.assertEqual(self.json("status")["state"], "FINISHED")
        self.assertEqual(self.command("logs", "work:0"), "child 0\n")
        self.assertEqual(self.listed("after")[0]["attempts"][0]["container"]["exitCode"], 0)

    def test_cancel_ends_what_has_not_started(self):
        answer = self.command("cancel", "work", "--reason", "wrong sheet")
        self.assertIn("asked rank 0", answer)
        self.assertIn("2 tasks run on", answer)
        harness.wait_until(lambda: self.json("status")["statusSummary"]["FAILED"] == 4, "four are cancelled")
        self.end(harness.SOME_FAILED)
        children = self.listed("work")
        self.assertEqual([child["status"] for child in children], ["SUCCEEDED"] * 2 + ["FAILED"] * 4)
        self.assertEqual({child["statusReason"] for child in children[2:]}, {"wrong sheet"})
        self.assertEqual(self.listed("after")[0]["statusReason"], "Dependent Job failed")
        self.assertIn("nothing to cancel", self.command("cancel", "work"))

    def test_cancel_of_one_child_leaves_its_siblings(self):
        self.command("cancel", "work:5")
        harness.wait_until(lambda: self.listed("work:5")[0]["status"] == "FAILED", "it is cancelled")
        self.end(harness.SOME_FAILED)
        self.assertEqual([child["index"] for child in self.listed("work") if child["status"] == "FAILED"], [5])

    def test_cancel_of_what_runs_lets_it_end(self):
        self.assertIn("1 task runs on", self.command("cancel", "work:0"))
        self.end(harness.SUCCEEDED)

    def test_a_killed_run_is_interrupted_and_keeps_a_request(self):
        for process in self.ranks() + self.starters() + self.attempts():
            process.kill()
        self.started.wait()
        status = self.json("status")
        self.assertEqual((status["state"], status["rank0"]["alive"]), ("INTERRUPTED", False))
        self.assertIn("no rank 0 is running", self.command("cancel", "work:5"))
        self.assertEqual(self.json("status")["requestsWaiting"], 1)
        self.assertIn("INTERRUPTED", self.command("status"))
        self.write("go", "")
        self.run_plan("plan.json", code=harness.SOME_FAILED)
        self.assertEqual(self.listed("work:5")[0]["status"], "FAILED")
        self.assertEqual(self.json("status")["requestsWaiting"], 0)


class AfterARun(Case):
    def test_attempts_of_what_failed(self):
        self.run_jobs(harness.job("good", ["echo", "fine"]),
                      harness.job("bad", "echo out $AWS_BATCH_JOB_ATTEMPT; echo no such sample >&2; exit 3",
                                  retryStrategy={"attempts": 2}), code=harness.SOME_FAILED)
        bad = self.listed("bad")[0]
        self.assertEqual([attempt["attempt"] for attempt in bad["attempts"]], [1, 2])
        self.assertEqual({attempt["container"]["exitCode"] for attempt in bad["attempts"]}, {3})
        self.assertEqual(bad["statusReason"], "Essential container in task exited")
        failed = [job["jobName"] for job in self.json("jobs", "--status", "failed")["jobs"]]
        self.assertEqual(failed, ["bad"])
        self.assertEqual(self.command("logs", "bad"), "out 2\nno such sample\n")
        self.assertEqual(self.command("logs", "bad", "--attempt", "1", "--stdout"), "out 1\n")
        self.assertEqual(self.command("logs", "bad", "--stderr"), "no such sample\n")
        text = self.command("logs", "--failed")
        self.assertIn("==> bad, attempt 2 on", text)
        self.assertNotIn("good", text)
        self.assertIn("its last is 2", self.refused("logs", "bad", "--attempt", "7"))
        self.assertIn("FINISHED: 1 of 2 tasks failed", self.command("status"))

    def test_an_unknown_name_is_refused_with_the_nearest(self):
        self.run_jobs(harness.array("align", 3, ["true"]), harness.job("status", ["true"]))
        self.assertIn("did you mean 'align'?", self.refused("jobs", "algin"))
        self.assertIn("indices are 0 to 2", self.refused("logs", "align:3"))
        self.assertIn("is no array", self.refused("cancel", "status:0"))
        self.assertIn("RUNNABLE", self.refused("jobs", "--status", "ready"))
        self.assertEqual(self.listed("status")[0]["jobName"], "status")  # a command's name is a job's, too

    def test_output_comes_back_byte_for_byte(self):
        self.run_jobs(harness.job("binary", r"printf '\000\001\377\nno end'"))
        run = subprocess.run([harness.MPIBATCH, "logs", "binary"], cwd=self.folder, env=self.environment,
                             capture_output=True, check=True)
        self.assertEqual(run.stdout, b"\x00\x01\xff\nno end")

    def test_a_reader_that_leaves_early_is_no_error(self):
        self.run_jobs(harness.job("long", ["seq", "1000000"]))
        script = f"{harness.MPIBATCH} logs long | head -n 1; test ${{PIPESTATUS[0]}} -eq 141"
        run = subprocess.run(["bash", "-c", script], cwd=self.folder, env=self.environment,
                             capture_output=True, check=True)
        self.assertEqual((run.stdout, run.stderr), (b"1\n", b""))

    def test_keys_are_those_of_the_plan_that_ran(self):
        self.write("samples.csv", "sample\nNA1\nNA2\n")
        align = {"jobName": "align", "arrayProperties": {"parametersFile": "samples.csv", "key": "sample"},
                 "containerProperties": {"command": ["echo", "I am Ref::{sample}"]}}
        self.run_jobs(align)
        self.write("samples.csv", "sample\nNA3\nNA2\nNA1\n")
        self.assertEqual(self.command("logs", "align:NA2"), "I am NA2\n")
        self.assertIn("has no child 'NA3'", self.refused("logs", "align:NA3"))
        self.run_jobs(align)
        self.assertEqual([child["key"] for child in self.listed("align")], ["NA3", "NA2", "NA1"])
        for sample in ("NA1", "NA2", "NA3"):
            self.assertEqual(self.command("logs", f"align:{sample}"), f"I am {sample}\n")
        self.assertEqual(self.command("logs", "align:0"), "I am NA3\n")

    def test_compact_makes_the_newest_snapshot_state_h5(self):
        self.run_jobs(harness.job("a", ["true"]))
        state = self.folder / "plan.mpibatch" / "state.h5"
        before = state.stat().st_ino
        self.assertIn("state.h5", self.command("compact"))
        self.assertNotEqual(state.stat().st_ino, before)
        self.assertIn("EPOCH.NUMBER", self.refused("compact", "--upto", "x"))


if __name__ == "__main__":
    harness.main()
