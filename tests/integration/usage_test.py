# What attempts used: `jobs --usage` says it and what to ask for, as a table, JSON and CSV; state.h5 has it, too, of tasks that
# print nothing.
# timeout: 120
import csv
import io
import sys
import unittest

import harness

try:
    import h5py
except ImportError:
    h5py = None

ALLOCATES = 'x = b"x" * (200 << 20)'
BURNS = """
import time
while time.process_time() < 0.3: pass
"""


class Usage(harness.Case):
    def setUp(self):
        super().setUp()
        self.write_plan("plan.json", {"jobs": [
            harness.array("hungry", 4, [sys.executable, "-c", ALLOCATES],
                          containerProperties={"memory": 4096}),
            harness.array("busy", 3, [sys.executable, "-c", BURNS], containerProperties={"vcpus": 2}),
            harness.job("twice", 'exit 3', retryStrategy={"attempts": 2}),
            harness.job("nowhere", ["/no/such/program"])]})
        self.run_plan("plan.json", "--cpus-per-node", "2", code=harness.SOME_FAILED)

    def csv(self, *arguments):
        text = self.command("jobs", *arguments, "--csv")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        self.assertEqual({len(rows[0])}, {len(row) for row in rows}, text)
        return [dict(zip(rows[0], row)) for row in rows[1:]]

    def test_says_of_each_job_what_was_used_and_what_to_ask_for(self):
        usage = {name: job["usage"] for name, job in self.jobs("--usage").items()}
        hungry, busy = usage["hungry"], usage["busy"]
        self.assertEqual([4, 3, 2, 0], [usage[name]["attempts"] for name in ("hungry", "busy", "twice", "nowhere")])
        self.assertGreater(hungry["memoryMiB"]["p50"], 200)
        self.assertLess(hungry["memoryMiB"]["max"], 400)
        self.assertEqual(4096, hungry["memoryMiBAsked"])
        (advice,) = [one for one in hungry["advice"] if one["type"] == "MEMORY"]
        self.assertLess(hungry["memoryMiB"]["max"], advice["ask"])
        self.assertLess(advice["ask"], 1024)
        self.assertEqual((2, 3), (busy["vcpusAsked"], busy["vcpus"]["attempts"]))
        self.assertGreater(busy["cpuSecondsTotal"], 0.9)
        self.assertGreater(busy["wallSeconds"]["p50"], 0.2)
        self.assertGreater(busy["cpuEfficiency"], 0)
        self.assertLess(busy["cpuEfficiency"], 0.6)
        self.assertEqual([("VCPU", 1)], [(one["type"], one["ask"]) for one in busy["advice"]])
        self.assertEqual([], usage["twice"]["advice"])
        self.assertIsNone(usage["nowhere"]["memoryMiB"]["max"])
        text = self.command("jobs", "--usage")
        for line in (f"hungry: {advice['text']}", f"busy: {busy['advice'][0]['text']}"):
            self.assertIn(line, text.splitlines())

        self.assert_csv_has_the_same_a_line_a_job()

    def assert_csv_has_the_same_a_line_a_job(self):
        usage = {name: job["usage"] for name, job in self.jobs("--usage").items()}
        rows = {row["job"]: row for row in self.csv("--usage")}
        self.assertEqual(list(usage), list(rows))
        for name, row in rows.items():
            of = usage[name]
            self.assertEqual(of["attempts"], int(row["attempts"]))
            for column, value in (("wall_p95_s", of["wallSeconds"]["p95"]), ("memory_max_mib", of["memoryMiB"]["max"]),
                                  ("cpu_total_s", of["cpuSecondsTotal"]), ("memory_asked_mib", of["memoryMiBAsked"])):
                if value is None:
                    self.assertEqual("", row[column], column)
                else:
                    self.assertAlmostEqual(value, float(row[column]), 2, column)
        plain = self.csv()
        self.assertEqual([row["status"] for row in plain], ["SUCCEEDED", "SUCCEEDED", "FAILED", "FAILED"])
        self.assertTrue(set(plain[0]) < set(rows["busy"]))

    def test_of_one_job_there_is_a_row_an_attempt(self):
        self.assertEqual([("1", "3"), ("2", "3")], [(row["attempt"], row["exit_code"]) for row in self.csv("twice")])
        rows = self.csv("busy", "--usage")
        self.assertEqual(["0", "1", "2"], [row["index"] for row in rows])
        children = self.children("busy", "--usage")
        for row in rows:
            (attempt,) = children[row["key"]]["attempts"]
            usage = attempt["usage"]
            for column, value in (("wall_s", usage["wallSeconds"]), ("user_s", usage["userSeconds"]),
                                  ("system_s", usage["systemSeconds"]), ("cpu_efficiency", usage["cpuEfficiency"])):
                self.assertAlmostEqual(value, float(row[column]), 2, column)
            self.assertEqual(attempt["node"], row["node"])
            self.assertGreaterEqual(usage["userSeconds"] + usage["systemSeconds"], 0.3)
        self.assertEqual(1 + 3, len(self.command("jobs", "busy", "--usage").splitlines()))
        # What could not be started used nothing.
        self.assertEqual(["127"], [row["exit_code"] for row in self.csv("nowhere")])
        self.assertEqual([], self.csv("nowhere", "--usage"))
        self.command("jobs", "--csv", "--json", code=harness.BAD_USAGE)

    @unittest.skipIf(h5py is None, "needs h5py")
    def test_state_h5_has_the_same(self):
        with h5py.File(self.folder / "plan.mpibatch/state.h5", "r") as file:
            table = [{name: row[name] for name in file["attempts"].dtype.names} for row in file["attempts"][()]]
        for name in ("hungry", "busy"):
            rows = sorted((row for row in table if row["job"].decode() == name), key=lambda row: row["index"])
            lines = self.csv(name)
            self.assertEqual(len(lines), len(rows))
            for line, row in zip(lines, rows):
                self.assertEqual((line["node"], line["cpus"], line["attempt"]),
                                 (row["node"].decode(), row["cpus"].decode(), str(row["attempt"])))
                for column, value in (("wall_s", row["wallSeconds"]), ("user_s", row["userSeconds"]),
                                      ("system_s", row["systemSeconds"]), ("memory_mib", row["memoryMaxKiB"] / 1024)):
                    self.assertAlmostEqual(float(line[column] or 0), value, 2, column)  # 0 and empty: unknown


if __name__ == "__main__":
    harness.main()
