# What `cmake --install` puts into a prefix works from there, and only mpibatch-mpi links MPI.
# labels: integration mpi
# serial
import os
import pathlib
import subprocess

import harness


class Installed(harness.Case):
    def setUp(self):
        super().setUp()
        self.prefix = self.folder / "prefix"
        self.check(self.start("cmake", "--install", harness.BUILD, "--prefix", self.prefix))
        self.mpibatch = self.prefix / "bin/mpibatch"
        self.jobs = self.prefix / "libexec/mpibatch/jobs"

    def libraries(self, program):
        return subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout

    def test_holds_what_the_readme_names(self):
        for name in ("libexec/mpibatch/mpibatch-mpi", "libexec/mpibatch/jobs/option_risk",
                     "include/mpibatch/job.hpp", "share/mpibatch/slurm/mpibatch.sbatch",
                     "share/mpibatch/examples/genomics/plan.json", "share/doc/mpibatch/README.md"):
            self.assertTrue((self.prefix / name).is_file(), name)
        examples = self.prefix / "share/mpibatch/examples"
        self.assertTrue(os.access(examples / "genomics/step.sh", os.X_OK))
        self.assertEqual([], [path for path in examples.rglob("*") if ".mpibatch" in path.name])
        self.assertIn("run", self.check(self.start(self.mpibatch, "--help")))

    def test_links_mpi_in_one_program_only(self):
        self.assertNotIn("libmpi", self.libraries(self.mpibatch))
        self.assertIn("libmpi", self.libraries(self.prefix / "libexec/mpibatch/mpibatch-mpi"))

    def test_runs_a_plan_with_and_without_mpirun(self):
        self.write_plan("plan.json", {"jobs": [harness.job("hello", ["echo", "hello"])]})
        self.check(self.start(self.mpibatch, "run", "plan.json"))
        self.assertEqual("hello\n", self.check(self.start(self.mpibatch, "logs", "hello")))
        for ranks in (1, 2):
            self.check(self.start(harness.MPIRUN, "-n", ranks, self.mpibatch, "run", "plan.json", "--fresh"))
        self.assert_nothing_left()

    def test_needs_mpi_for_several_ranks_only(self):
        (self.prefix / "libexec/mpibatch/mpibatch-mpi").unlink()
        self.write_plan("plan.json", {"jobs": [harness.job("hello", ["echo", "hello"])]})
        self.check(self.start(harness.MPIRUN, "-n", 1, self.mpibatch, "run", "plan.json"))
        self.assertEqual("hello\n", self.check(self.start(self.mpibatch, "logs", "hello")))
        several = self.start(harness.MPIRUN, "-n", 2, self.mpibatch, "run", "plan.json")
        self.assertIn("started by mpirun, but mpibatch-mpi is neither in", self.check(several, harness.BAD_USAGE))

    def test_builds_job_programs(self):
        self.write("double.cpp", """
            #include <cstdio>
            #include <mpibatch/job.hpp>
            int main() { std::printf("%g\\n", 2 * mpibatch::Job().get<double>("beta")); }
        """)
        self.check(self.start("g++", "-std=c++17", "-I", self.prefix / "include", "double.cpp", "-o", "double"))
        self.write_plan("plan.json", {"jobs": [
            harness.job("double", ["./double"], arrayProperties={"parameterGrid": {"beta": [0.5, 1.5]}})]})
        self.check(self.start(self.mpibatch, "run", "plan.json"))
        self.assertEqual("3\n", self.check(self.start(self.mpibatch, "logs", "double:beta=1.5")))

    def test_finds_its_job_programs_on_path(self):
        self.copy_example("sweep")
        path = f"{self.jobs}:{os.environ['PATH']}"
        self.check(self.start(self.mpibatch, "run", "sheet.json", PATH=path))
        self.assertTrue(pathlib.Path(self.folder, "work/sheet.csv").is_file())


if __name__ == "__main__":
    harness.main()
