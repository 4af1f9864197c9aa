# What an attempt finds around it: what the submitting shell had, on every rank, whatever the ranks have themselves.
# labels: integration mpi
# timeout: 300
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import unittest

import harness

# Writes what an attempt sees; then waits until `together` attempts are there, so that each has a node's only slot.
REPORT = """
import json, os, pathlib, resource, time
umask = os.umask(0)
os.umask(umask)
index = os.environ.get("AWS_BATCH_JOB_ARRAY_INDEX", "0")
tmp = os.environ["TMPDIR"]
report = {
    "environment": dict(os.environ),
    "folder": os.getcwd(),
    "umask": umask,
    "limits": {name: resource.getrlimit(getattr(resource, name))[0]
               for name in ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_STACK")},
    "descriptors": {int(fd): os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                    if os.path.exists(f"/proc/self/fd/{fd}")},
    "end_of_file": os.read(0, 1) == b"",
    "tmp": {"mode": os.stat(tmp).st_mode & 0o7777, "entries": os.listdir(tmp)},
}
pathlib.Path(tmp, "left").write_text(index)
here = pathlib.Path(os.environ["REPORTS"])
(here / f"{index}.tmp").write_text(json.dumps(report))
(here / f"{index}.tmp").rename(here / f"{index}.json")
while len(list(here.glob("*.json"))) < int(os.environ["TOGETHER"]):
    time.sleep(0.02)
"""

# An attempt's own variables, which every one has.
TOLD = {"AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ATTEMPT", "AWS_BATCH_JQ_NAME", "AWS_BATCH_CE_NAME", "MPIBATCH_JOB_NAME",
        "MPIBATCH_NODE", "MPIBATCH_TOKEN", "TMPDIR"}
TOLD_MAYBE = {"AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", "MPIBATCH_CPUS"}
# A shell changes these for itself.
OF_THE_SHELL = {"_", "SHLVL", "PWD", "OLDPWD"}
# Open MPI's mpirun sets this one if it is called by its absolute path; nobody can tell it from the user's own.
OF_AN_ABSOLUTE_MPIRUN = {"LD_LIBRARY_PATH"}

MPI_PROGRAM = """
#include <mpi.h>
#include <stdio.h>
int main(int argc, char** argv) {
  int rank, size;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  int sum = 0;
  MPI_Reduce(&rank, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
  if (rank == 0) printf("%d ranks, sum %d\\n", size, sum);
  MPI_Finalize();
  return 0;
}
"""


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.reports_folder = self.folder / "reports"
        self.reports_folder.mkdir()
        self.write("report.py", REPORT)
        self.environment |= {"REPORTS": str(self.reports_folder), "TOGETHER": "1"}
        self.environment.pop("TMPDIR", None)

    def reporter(self, size=0, **fields):
        job = harness.job("report", [sys.executable, str(self.folder / "report.py")], **fields)
        return job | ({"arrayProperties": {"size": size}} if size else {})

    def reports(self):
        return [json.loads(file.read_text()) for file in sorted(self.reports_folder.glob("*.json"))]


class PlainRun(Case):
    def report(self, *options, **fields):
        self.write_plan("plan.json", {"jobs": [self.reporter(**fields)]})
        self.run_plan("plan.json", *options)
        (report,) = self.reports()
        return report

    def test_what_the_caller_had_and_what_it_is_told(self):
        self.environment |= {"WITH_NEWLINE": "one\ntwo", "EMPTY": "", "OMPI_MCA_btl_base_verbose": "0"}
        report = self.report()
        environment = report["environment"]
        self.assertLessEqual(TOLD, set(environment))
        self.assertLessEqual(set(environment) - set(self.environment), TOLD | TOLD_MAYBE | {"LC_CTYPE"})
        self.assertEqual(self.environment, {name: environment.get(name) for name in self.environment})
        self.assertEqual(str(self.folder), report["folder"])

    def test_only_the_three_descriptors(self):
        report = self.report()
        descriptors = {int(fd): path for fd, path in report["descriptors"].items()}
        self.assertEqual("/dev/null", descriptors[0])
        self.assertTrue(report["end_of_file"])
        self.assertEqual({0, 1, 2}, set(descriptors))

    def test_the_plans_environment_goes_over_the_callers(self):
        self.environment |= {"COLOUR": "blue", "SHAPE": "round"}
        report = self.report(containerProperties={"environment": [{"name": "COLOUR", "value": "red"},
                                                                  {"name": "SIZE", "value": "a b $HOME"}]})
        self.assertEqual(["red", "round", "a b $HOME"],
                         [report["environment"][name] for name in ("COLOUR", "SHAPE", "SIZE")])

    def test_a_working_directory_of_its_own(self):
        (self.folder / "there").mkdir()
        self.assertEqual(str(self.folder / "there"),
                         self.report(containerProperties={"workingDirectory": "there"})["folder"])

    def test_what_is_kept_of_the_caller_is_private(self):
        self.report()
        state = self.folder / "plan.mpibatch"
        self.assertEqual(0o700, stat.S_IMODE(state.stat().st_mode))
        self.assertEqual(0o600, stat.S_IMODE((state / "environment").stat().st_mode))

    def tmp_of(self, report):
        return pathlib.Path(report["environment"]["TMPDIR"])

    def test_a_temporary_folder_that_is_private_and_removed(self):
        (self.folder / "scratch").mkdir()
        self.environment["TMPDIR"] = str(self.folder / "scratch")
        report = self.report()
        self.assertIn(self.folder / "scratch", self.tmp_of(report).parents)
        self.assertEqual({"mode": 0o700, "entries": []}, report["tmp"])
        self.assert_nothing_left()
        self.assertEqual([], [path for path in (self.folder / "scratch").rglob("*") if path.name == "left"])

    def test_a_temporary_folder_that_is_kept(self):
        (self.folder / "scratch").mkdir()
        self.environment["TMPDIR"] = str(self.folder / "scratch")
        self.report(keepTmp=True)
        self.assert_nothing_left()
        (kept,) = [path for path in (self.folder / "scratch").rglob("*") if path.name == "left"]
        self.assertEqual("0", kept.read_text())
        self.assertEqual(0o700, stat.S_IMODE(kept.parent.stat().st_mode))

    def test_each_attempt_finds_its_temporary_folder_empty(self):
        self.environment["TOGETHER"] = "2"
        after = self.reporter() | {"jobName": "after", "dependsOn": [{"jobId": "report"}]}
        self.write_plan("plan.json", {"jobs": [self.reporter(size=2), after]})
        self.run_plan("plan.json", "--cpus-per-node", "2")
        reports = self.reports()  # that of `after` stands in the place of the array's first
        self.assertEqual([[], []], [report["tmp"]["entries"] for report in reports])
        self.assertEqual("after", reports[0]["environment"]["AWS_BATCH_JOB_ID"])


class TwoRanks(Case):
    """Rank 1 is started in another folder, with other variables, another umask and other limits."""

    RANK_0 = ("export COLOUR=blue; umask 027; ulimit -S -n 300; ulimit -S -c 0; ulimit -S -s 4096; env -0 > submitted; "
              'exec "$@"')
    RANK_1 = ("export COLOUR=red EXTRA=1 TMPDIR=/nowhere; unset SHAPE; cd /; umask 077; ulimit -S -n 77; "
              'ulimit -S -s 2048; exec "$@"')

    def run_on_two(self, plan, seconds=60):
        self.write_plan("plan.json", plan)
        command = [harness.MPIBATCH, "run", "plan.json", "--cpus-per-node", "1"]
        return self.check(self.start(harness.MPIRUN, "-n", "1", "bash", "-c", self.RANK_0, "rank", *command,
                                     ":", "-n", "1", "bash", "-c", self.RANK_1, "rank", *command), seconds=seconds)

    def test_have_what_rank_0_had(self):
        self.environment |= {"SHAPE": "round", "TOGETHER": "2"}
        self.run_on_two({"jobs": [self.reporter(size=2)]})
        reports = self.reports()
        self.assertEqual(2, len({report["environment"]["MPIBATCH_NODE"] for report in reports}))
        submitted = dict(entry.split("=", 1) for entry in
                         (self.folder / "submitted").read_text().split("\0")[:-1])
        from_mpirun = set(submitted) - set(self.environment) - OF_THE_SHELL - OF_AN_ABSOLUTE_MPIRUN - {"COLOUR"}
        self.assertEqual("0", harness.rank_of(submitted))  # or the test tests nothing
        expected = {name: value for name, value in submitted.items() if name not in from_mpirun | OF_THE_SHELL}
        for report in reports:
            environment = report["environment"]
            self.assertEqual(expected, {name: environment.get(name) for name in expected})
            self.assertEqual(("blue", "round"), (environment["COLOUR"], environment["SHAPE"]))
            self.assertEqual(set(), set(environment) & from_mpirun)
            self.assertLessEqual(set(environment) - set(expected) - OF_THE_SHELL, TOLD | TOLD_MAYBE | {"LC_CTYPE"})
            self.assertEqual(str(self.folder), report["folder"])
            self.assertEqual(0o027, report["umask"])
            self.assertEqual({"RLIMIT_NOFILE": 300, "RLIMIT_CORE": 0, "RLIMIT_STACK": 4096 * 1024}, report["limits"])
            self.assertEqual({"0", "1", "2"}, set(report["descriptors"]))
            self.assertTrue(report["end_of_file"])
        self.assertEqual(2, len({report["environment"]["TMPDIR"] for report in reports}))
        self.assert_nothing_left()

    @unittest.skipUnless(shutil.which(harness.MPICC), f"needs {harness.MPICC}")
    def test_run_mpi_programs(self):
        """Nested in our mpirun's world, but not part of it."""
        self.write("program.c", MPI_PROGRAM)
        subprocess.run([harness.MPICC, "-o", "program", "program.c"], cwd=self.folder, check=True)
        world = ("touch arrived.$AWS_BATCH_JOB_ARRAY_INDEX\n"
                 "until [ -e arrived.0 ] && [ -e arrived.1 ]; do sleep 0.02; done\n"
                 f"{harness.MPIRUN} -n 2 ./program")
        self.run_on_two({"jobs": [harness.array("world", 2, world), harness.job("alone", ["./program"])]}, seconds=120)
        nodes = {child["attempts"][0]["node"] for child in self.children("world").values()}
        self.assertEqual(2, len(nodes))
        for index in range(2):
            self.assertEqual("2 ranks, sum 1\n", self.command("logs", f"world:{index}", "--stdout"))
        self.assertEqual("1 ranks, sum 0\n", self.command("logs", "alone", "--stdout"))
        self.assert_nothing_left()


if __name__ == "__main__":
    harness.main()
