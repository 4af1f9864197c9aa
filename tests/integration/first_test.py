# The shortest plan, as the README shows it: run, looked at, run again.
import harness


class First(harness.Case):
    def setUp(self):
        super().setUp()
        self.copy_example("first")

    def test_runs_and_can_be_looked_at(self):
        self.command("validate", "plan.json")
        self.run_plan()
        self.assertEqual({"hello": "SUCCEEDED", "goodbye": "SUCCEEDED"}, self.statuses())
        self.assertIn("hello from child 1 on ", self.command("logs", "hello:1"))
        self.assertEqual("all children have said hello\n", self.command("logs", "goodbye"))
        self.assert_nothing_left()

    def test_runs_nothing_again(self):
        self.run_plan()
        first = self.command("logs", "hello:0")
        self.run_plan()
        self.assertEqual(first, self.command("logs", "hello:0"))
        self.assert_nothing_left()

    def test_is_refused_with_the_place_of_each_fault(self):
        self.write("plan.json", '{"jobs": [{"jobName": "a", "dependsOn": [{"jobId": "b"}]}]}')
        output = self.run_plan(code=harness.BAD_USAGE)
        self.assertIn("plan.json: jobs[0].dependsOn[0].jobId: job 'b' is unknown", output)
        self.assertIn("plan.json: jobs[0]: has nothing to run", output)
        self.assertFalse((self.folder / "plan.mpibatch").exists())


if __name__ == "__main__":
    harness.main()
