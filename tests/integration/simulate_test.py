# `mpibatch simulate`: a plan on nodes that are not there.
import json

import harness


def timed(name, seconds, size=None, **fields):
    if size is not None:
        fields["arrayProperties"] = {"size": size}
    return harness.job(name, ["true"], expectedSeconds=seconds, **fields)


class Case(harness.Case):
    def simulate(self, *options, code=harness.SUCCEEDED):
        return json.loads(self.check(self.start_mpibatch("simulate", "plan.json", "--json", *options), code))

    def text(self, *options, code=harness.SUCCEEDED):
        return self.check(self.start_mpibatch("simulate", "plan.json", *options), code)

    def plan(self, *jobs, **rest):
        self.write_plan("plan.json", {"jobs": list(jobs), **rest})


NODE = ("--cpus", "4", "--memory", "8000")


class Report(Case):
    def test_numbers(self):
        self.plan(timed("a", 10, size=20), timed("b", 5, depends_on=["a"]))
        report = self.simulate("--nodes", "2", *NODE)
        self.assertEqual(report["makespanSeconds"], 35)
        self.assertEqual(report["lowerBoundSeconds"], 25.625)
        self.assertEqual(report["criticalPathSeconds"], 15)
        self.assertEqual([step["jobName"] for step in report["criticalPath"]], ["a", "b"])
        self.assertAlmostEqual(report["utilisation"], 205 / (8 * 35), 5)
        self.assertEqual(report["waitingSeconds"]["max"], 20)
        self.assertEqual(report["queues"][0]["tasks"], 21)
        self.assertGreater(report["boundedSlowdown"], 1)
        self.assertEqual(report["tasks"]["succeeded"], 21)
        self.assertTrue(report["fits"])
        self.assertEqual(list(self.folder.glob("*.mpibatch")), [], "nothing is written")

    def test_text_fits_a_terminal(self):
        self.plan(timed("align", 600, size=40), timed("merge", {"lognormal": [5, 1]}, depends_on=["align"]))
        text = self.text("--nodes", "2", *NODE)
        for words in ("makespan", "lower bound", "utilisation", "CRITICAL PATH", "busy CPUs over time"):
            self.assertIn(words, text)
        self.assertRegex(text, r"align:\d+\n.*merge")
        self.assertLessEqual(max(len(line) for line in text.splitlines()), 80, text)

    def test_same_seed_same_result(self):
        self.plan(timed("a", {"lognormal": [3, 1]}, size=50))
        first, same, other = (self.simulate(*NODE, "--seed", seed)["makespanSeconds"] for seed in ("1", "1", "2"))
        self.assertEqual(first, same)
        self.assertNotEqual(first, other)


class Fitting(Case):
    def test_walltime(self):
        self.plan(timed("a", 60, size=16))
        self.assertIn("it fits into 5:00 min, with 1:00 min left", self.text(*NODE, "--walltime", "300"))
        report = self.simulate(*NODE, "--walltime", "0:03:00", code=harness.SOME_FAILED)
        self.assertEqual(report["tasks"]["succeeded"], 12)
        self.assertIn("'a'", report["reasons"][0])

    def test_what_takes_longer_than_all_of_the_walltime(self):
        self.plan(timed("a", 600, size=2))
        text = self.text(*NODE, "--walltime", "5:00", code=harness.SOME_FAILED)
        self.assertIn("expected to take 600 s", text)
        self.assertNotIn("times the lower bound", text)

    def test_what_fits_no_node(self):
        self.plan(timed("big", 1, containerProperties={"vcpus": 5}))
        self.assertIn("needs 5 vCPUs on one node", self.text(*NODE, code=harness.SOME_FAILED))

    def test_sweep_says_how_many_nodes_are_worth_it(self):
        self.plan(timed("a", 10, size=64), timed("b", 40))
        text = self.text("--sweep", "1,2,4,8,16", *NODE)
        self.assertIn("2 nodes are worth it", text)
        rows = json.loads(self.check(self.start_mpibatch(
            "simulate", "plan.json", "--sweep", "1,2", "--json", *NODE)))["sweep"]
        self.assertEqual([row["nodes"] for row in rows], [1, 2])
        self.assertEqual(rows[0]["efficiency"], 1)

    def test_sweep_says_what_does_not_fit(self):
        self.plan({"jobName": "gang", "type": "multinode", "nodeProperties": {
            "numNodes": 2, "nodeRangeProperties": [{"targetNodes": "0:", "container": {"command": ["true"]}}]}})
        self.assertIn("with 1 node: job 'gang' needs 2 nodes", self.text("--sweep", "1,2", *NODE))

    def test_different_nodes(self):
        self.plan(timed("gpu", 10, size=4, containerProperties={"gpus": 1}, constraints=["gpu:a100"]),
                  timed("cpu", 10, size=8))
        kinds = ("--nodes", "2:4:8000", "--nodes", "gpu[1-2]:4:8000:2:gpu:a100")
        self.assertEqual(self.simulate(*kinds)["makespanSeconds"], 10)
        self.assertFalse(self.simulate("--nodes", "2:4:8000:2", code=harness.SOME_FAILED)["fits"])

    def test_losses(self):
        self.plan(timed("a", 100, size=8))
        report = self.simulate("--nodes", "2", *NODE, "--lose", "node2@50", "--return", "20")
        self.assertEqual(report["attemptsLost"], 4)
        self.assertEqual(report["makespanSeconds"], 170)
        self.assertEqual(self.simulate(*NODE, "--loss-rate", "0")["nodesLost"], 0)

    def test_learns_from_a_run(self):
        self.plan(harness.job("a", "sleep 0.2"), harness.array("b", 2, "sleep 0.$((AWS_BATCH_JOB_ARRAY_INDEX * 4))"))
        self.run_plan("plan.json")
        report = self.simulate(*NODE, "--learn", "plan.mpibatch")
        self.assertGreater(report["makespanSeconds"], 0.35)
        self.assertLess(report["makespanSeconds"], 1)


class Usage(Case):
    def test_bad_options_are_2(self):
        self.plan(timed("a", 1))
        for options in (["--nodes", "x[1:1:1"], ["--nodes", "2:1:1:1:a,"], ["--nodes", "0:1:1"], ["--nodes", "3"],
                        [*NODE, "--lose", "node1"], [*NODE, "--lose", "node9@5"], [*NODE, "--walltime", "soon"],
                        [*NODE, "--return", "1:99"], ["--sweep", "1,2", "--nodes", "3:1:1"],
                        [*NODE, "--learn", "nowhere"]):
            output = self.text(*options, code=harness.BAD_USAGE)
            self.assertIn("mpibatch: ", output)

    def test_a_bad_plan_is_2(self):
        self.plan(timed("a", "long"))
        self.assertIn("expectedSeconds", self.text(*NODE, code=harness.BAD_USAGE))


if __name__ == "__main__":
    harness.main()
