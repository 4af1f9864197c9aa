# Ways to start a run, and to look at it before: --only, --parameters, --tasks -, --max-failures, --walltime,
# validate --show.
import subprocess

import harness


class Only(harness.Case):
    def write_pipeline(self):
        self.write("samples.csv", "sample\nNA1\nNA2\nNA3\n")
        sheet = {"parametersFile": "samples.csv", "key": "sample"}
        self.write_plan("plan.json", {"jobs": [
            harness.job("index", "echo index >> order.txt"),
            harness.job("align", "echo align $sample >> order.txt", ["index"], arrayProperties=sheet),
            {"jobName": "sort", "arrayProperties": sheet, "dependsOn": [{"jobId": "align", "type": "N_TO_N"}],
             "containerProperties": {"script": "echo sort $sample >> order.txt"}}]})

    def order(self):
        return (self.folder / "order.txt").read_text().splitlines()

    def test_one_child_and_what_it_waits_for_then_the_rest(self):
        self.write_pipeline()
        output = self.run_plan("plan.json", "--only", "sort:NA2")
        self.assertEqual(self.order(), ["index", "align NA2", "sort NA2"])
        self.assertIn("rehearsal", output)
        self.assertNotIn("--only", output)
        self.assertEqual(self.json("status")["state"], "INTERRUPTED")
        self.run_plan("plan.json")
        self.assertEqual(len(self.order()), 7)
        self.assertEqual(self.json("status")["state"], "FINISHED")

    def test_exit_code_is_the_rehearsals(self):
        self.write_plan("plan.json", {"jobs": [harness.array("a", 3, "exit $AWS_BATCH_JOB_ARRAY_INDEX")]})
        self.run_plan("plan.json", "--only", "a:0")
        self.run_plan("plan.json", "--only", "a:1", code=harness.SOME_FAILED)
        self.assertEqual([child["status"] for child in self.children("a").values()],
                         ["SUCCEEDED", "FAILED", "RUNNABLE"])

    def test_an_unknown_child_is_refused(self):
        self.write_pipeline()
        self.assertIn("NA1", self.run_plan("plan.json", "--only", "sort:NA9", code=harness.BAD_USAGE))


class WithoutAPlan(harness.Case):
    def with_input(self, text, *arguments, code=harness.SUCCEEDED):
        done = subprocess.run([harness.MPIBATCH, *arguments], cwd=self.folder, env=self.environment, input=text,
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_a_sheet_and_a_command(self):
        self.write("samples.csv", "sample,fq\nNA1,a b.fq\nNA2,c.fq\n")
        self.check(self.start_mpibatch("run", "--parameters", "samples.csv", "--", "sh", "-c",
                                       "echo $sample \"$1\"", "x", "Ref::{fq}"))
        state = ("--state", "samples.mpibatch")
        self.assertEqual(set(self.children("sweep", *state)), {"NA1", "NA2"})
        self.assertEqual(self.command("logs", "sweep:NA1", *state), "NA1 a b.fq\n")

    def test_a_sheet_needs_a_command(self):
        self.write("samples.csv", "sample\nNA1\n")
        self.assertIn("needs a command", self.check(
            self.start_mpibatch("run", "--parameters", "samples.csv"), harness.BAD_USAGE))

    def test_tasks_from_standard_input(self):
        self.with_input("a\n\n# no task\nb c\n", "run", "--tasks", "-", "--", "echo", "got", "Ref::{line}")
        printed = {self.command("logs", f"tasks:{key}") for key in self.children("tasks")}
        self.assertEqual(printed, {"got a\n", "got b c\n"})
        # The list was kept: the same command goes on with it, whatever it reads now.
        self.assertIn("nothing to run", self.with_input("a\n\n# no task\nb c\n", "run", "--tasks", "-", "--",
                                                        "echo", "got", "Ref::{line}"))

    def test_max_failures_holds_the_rest(self):
        self.write("tasks.txt", "".join(f"false {i}\n" for i in range(20)))
        output = self.check(self.start_mpibatch("run", "--tasks", "tasks.txt", "--max-failures", "2",
                                                "--cpus-per-node", "1"), harness.SOME_FAILED)
        self.assertIn("maxFailures is 2", output)
        self.assertLess(self.json("status")["statusSummary"]["FAILED"], 20)

    def test_options_of_tasks_go_with_tasks(self):
        self.write_plan("plan.json", {"jobs": [harness.job("a", ["true"])]})
        self.assertIn("--vcpus", self.run_plan("plan.json", "--vcpus", "2", code=harness.BAD_USAGE))


class Walltime(harness.Case):
    def test_what_would_take_longer_does_not_start(self):
        self.write_plan("plan.json", {"jobs": [
            harness.job("short", ["true"], expectedSeconds=1),
            harness.job("unknown", ["true"]),
            harness.job("long", ["true"], expectedSeconds=7200)]})
        output = self.run_plan("plan.json", "--walltime", "1:00:00", code=harness.SOME_FAILED)
        statuses = self.statuses()
        self.assertEqual(statuses, {"short": "SUCCEEDED", "unknown": "SUCCEEDED", "long": "FAILED"})
        self.assertIn("allocation", output + self.jobs()["long"]["statusReason"])

    def test_slurm_says_it_as_well(self):
        self.write_plan("plan.json", {"jobs": [harness.job("long", ["true"], expectedSeconds=7200)]})
        self.run_plan("plan.json", code=harness.SOME_FAILED, SLURM_JOB_ID=1, SLURM_JOB_START_TIME=1000,
                      SLURM_JOB_END_TIME=1010)

    def test_bad_times_are_refused(self):
        self.write_plan("plan.json", {"jobs": [harness.job("a", ["true"])]})
        self.assertIn("HH:MM:SS", self.run_plan("plan.json", "--walltime", "1h", code=harness.BAD_USAGE))


class Refused(harness.Case):
    def test_multinode_plans_are_for_simulate(self):
        self.write_plan("plan.json", {"jobs": [{"jobName": "solve", "type": "multinode", "nodeProperties": {
            "numNodes": 2, "mainNode": 0, "nodeRangeProperties": [
                {"targetNodes": "0:1", "container": {"command": ["true"]}}]}}]})
        self.assertIn("mpibatch simulate plan.json", self.run_plan("plan.json", code=harness.BAD_USAGE))
        self.assertFalse((self.folder / "plan.mpibatch").exists())


class Show(harness.Case):
    def test_a_childs_command_environment_folder_and_resources(self):
        self.write("samples.csv", "sample,fq\nNA1,a b.fq\nNA2,c.fq\n")
        self.write_plan("plan.json", {"jobs": [
            {"jobName": "align", "arrayProperties": {"parametersFile": "samples.csv", "key": "sample"},
             "containerProperties": {"command": ["bwa", "Ref::{fq}"], "vcpus": 2, "memory": 100,
                                     "environment": [{"name": "MODE", "value": "fast one"}],
                                     "workingDirectory": "out"}}]})
        text = self.command("validate", "plan.json", "--show", "align:NA1")
        for part in ("align:NA1 (index 0 of 2)", "bwa 'a b.fq'", "MODE='fast one'", "sample=NA1",
                     str(self.folder / "out"), "2 vCPUs, 100 MiB"):
            self.assertIn(part, text)
        shown = self.json("validate", "plan.json", "--show", "align:1")
        self.assertEqual(shown["command"], ["bwa", "c.fq"])
        self.assertEqual(shown["key"], "NA2")
        self.command("validate", "plan.json", "--show", "align:NA9", code=harness.BAD_USAGE)


if __name__ == "__main__":
    harness.main()
