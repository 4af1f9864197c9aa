# Sweeps over a grid and over a sheet equal the serial result; children are known by their keys.
# timeout: 300
import csv
import json
import random

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


class Sheet(harness.Case):
    """Each child notes its name in `ran`, so that the test sees which ones ran."""

    def setUp(self):
        super().setUp()
        self.write_plan("plan.json", {"jobs": [
            harness.job("note", ["bash", "-c", "echo \"$sample $value\" >> ran"],
                        arrayProperties={"parametersFile": "samples.csv", "key": "sample"})]})

    def write_sheet(self, samples):
        with open(self.folder / "samples.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sample", "value"])
            writer.writerows([name, f"v-{name}"] for name in samples)

    def ran_since_last_time(self):
        file = self.folder / "ran"
        lines = file.read_text().split("\n")[:-1] if file.exists() else []
        file.write_text("")
        for line in lines:
            name, value = line.split(" ")
            self.assertEqual(value, f"v-{name}")
        return sorted(line.split(" ")[0] for line in lines)

    def test_may_grow_and_be_reordered_between_runs(self):
        samples = [f"s{i}" for i in range(10)]
        self.write_sheet(samples)
        self.run_plan()
        self.assertEqual(samples, self.ran_since_last_time())

        grown = samples + ["t0", "t1"]
        random.Random(1).shuffle(grown)
        self.write_sheet(grown)
        self.run_plan()
        self.assertEqual(["t0", "t1"], self.ran_since_last_time())

    def test_may_lose_rows_if_that_is_accepted(self):
        self.write_sheet(["a", "b", "c", "d"])
        self.run_plan()
        self.ran_since_last_time()

        self.write_sheet(["d", "e", "b"])
        output = self.run_plan(code=harness.BAD_USAGE)
        self.assertIn("--accept", output)
        self.assertEqual([], self.ran_since_last_time())
        self.run_plan("plan.json", "--accept")
        self.assertEqual(["e"], self.ran_since_last_time())
        self.assertEqual("SUCCEEDED", self.statuses()["note"])


if __name__ == "__main__":
    harness.main()
