# The genomics example equals the serial result, on one node and over ranks; what is done is not done again.
# labels: integration mpi
# timeout: 900
# serial
import harness

ARRAYS = {"align": 16, "sort": 16}
JOBS = ("index", "split", "align", "sort", "merge", "call", "summary")


class Genomics(harness.Case):
    def setUp(self):
        super().setUp()
        self.copy_example("genomics")

    def assert_equals_the_serial_run(self):
        self.assertEqual({name: "SUCCEEDED" for name in JOBS}, self.statuses())
        self.assertIn("equals the serial run", self.check(self.start("./check.sh")))
        self.assertEqual((self.folder / "expected.txt").read_text(), self.command("logs", "summary"))
        self.assert_nothing_left()

    def test_on_one_node(self):
        self.run_plan(seconds=240)
        self.assert_equals_the_serial_run()

    def test_on_three_ranks(self):
        self.run_plan(ranks=3, seconds=240)
        self.assert_equals_the_serial_run()

    def test_again_runs_nothing(self):
        self.run_plan(seconds=240)
        result = self.folder / "work/result.txt"
        written = result.stat().st_mtime_ns
        self.run_plan(seconds=240)
        self.run_plan(ranks=2, seconds=240)
        self.assertEqual(written, result.stat().st_mtime_ns)
        self.assert_equals_the_serial_run()

    def test_check_fails_loudly_on_a_difference(self):
        self.run_plan(seconds=240)
        result = self.folder / "work/result.txt"
        result.write_text(result.read_text().replace("94.22", "94.23"))
        output = self.check(self.start("./check.sh"), code=1)
        self.assertIn("-aligned_percent 94.22\n+aligned_percent 94.23", output)
        self.assertIn("FAILED", output)


if __name__ == "__main__":
    harness.main()
