# Sweeps over a grid and over a sheet equal the serial result.
# timeout: 300
import json

import harness


class Sweep(harness.Case):
    def setUp(self):
        super().setUp()
        self.copy_example("sweep")

    def test_equals_the_serial_run(self):
        self.run_plan("grid.json", seconds=120)
        self.run_plan("sheet.json", seconds=120)
        self.assertIn("equal the serial run", self.check(self.start("./check.sh")))
        key = "price:style=asian,maturity=0.5,volatility=0.2"
        self.assertIn(",asian,call,100,100,0.02,0.2,0.5,",
                      self.command("logs", key, "--state", "grid.mpibatch"))
        self.assertIn("aurora-mean,asian,",
                      self.command("logs", "price:aurora-mean", "--state", "sheet.mpibatch"))
        self.assert_nothing_left()

    def test_over_ranks(self):
        self.run_plan("grid.json", ranks=2, seconds=120)
        self.assertTrue((self.folder / "expected.txt").read_text()
                        .startswith((self.folder / "work/grid.csv").read_text()))
        self.assert_nothing_left()


class JobDefinition(harness.Case):
    def test_stands_in_a_plan_as_it_is(self):
        definition = json.loads((harness.SOURCE / "jobs/option_risk/job_definition.json").read_text())
        self.write_plan("plan.json", {"jobDefinitions": [definition], "jobs": [
            {"jobName": "price", "jobDefinition": "option_risk", "parameters": {"paths": 1000},
             "arrayProperties": {"parameterGrid": {"name": ["a", "b"]}}}]})
        self.run_plan()
        self.assertIn("\nb,european,call,100,100,0.02,0.2,1,1000,0.99,", self.command("logs", "price:name=b"))


if __name__ == "__main__":
    harness.main()
