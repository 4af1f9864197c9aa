# A plan, its sheet or its grid changes between two runs: what is finished stays, by name and by key, never by position.
# timeout: 300
import csv
import random

import harness


class Case(harness.Case):
    def ran(self):
        """What ran since this was asked last, sorted: each attempt writes a line into `ran`."""
        file = self.folder / "ran"
        lines = file.read_text().splitlines() if file.exists() else []
        file.write_text("")
        return sorted(lines)

    def first_line(self, output):
        return output.splitlines()[0].removeprefix("mpibatch: ")

    def write_jobs(self, *jobs):
        self.write_plan("plan.json", {"jobs": list(jobs)})

    def run_jobs(self, *options, code=harness.SUCCEEDED):
        return self.run_plan("plan.json", *options, code=code)


class Sheet(Case):
    def write_sheet(self, rows, columns=("sample", "value")):
        with open(self.folder / "samples.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows({"sample": sample, "value": value} for sample, value in rows)

    def setUp(self):
        super().setUp()
        self.plan()
        self.rows = [(f"s{i:02}", str(i)) for i in range(20)]
        self.write_sheet(self.rows)

    def plan(self, script='echo "$sample $value" >> ran', **fields):
        self.write_jobs(harness.job("align", script, arrayProperties={"parametersFile": "samples.csv", "key": "sample"},
                                    **fields),
                        harness.job("merge", "echo merged >> ran", ["align"]))

    def first_run(self):
        output = self.run_jobs()
        self.assertEqual("new run: 2 jobs, 21 tasks", self.first_line(output))
        self.assertEqual(sorted(["merged"] + [" ".join(row) for row in self.rows]), self.ran())

    def test_unchanged_is_done(self):
        self.first_run()
        self.assertRegex(self.first_line(self.run_jobs()), "^nothing to run: all 21 tasks have SUCCEEDED")
        self.assertEqual([], self.ran())

    def test_gains_loses_and_reorders_rows_at_once(self):
        self.first_run()
        rows = [row for row in self.rows if row[0] not in ("s03", "s19")] + [("t0", "100"), ("t1", "101")]
        random.Random(2).shuffle(rows)
        self.write_sheet(rows)
        output = self.run_jobs(code=harness.BAD_USAGE)
        self.assertIn("2 finished children of job 'align' (s03, s19)", output)
        self.assertIn("--accept", output)
        self.assertEqual([], self.ran())
        self.assertEqual(20, len(self.children("align")))  # nothing was let go

        output = self.run_jobs("--accept")
        self.assertEqual("plan revision 2: 19 kept from revision 1, 2 will run", self.first_line(output))
        self.assertIn("job 'align': 18 children kept, 2 new, 2 removed", output)
        self.assertEqual(["t0 100", "t1 101"], self.ran())
        children = self.children("align")
        self.assertEqual([sample for sample, _ in rows], list(children))
        self.assertEqual({"SUCCEEDED"}, {child["status"] for child in children.values()})
        self.assertEqual({1}, {len(child["attempts"]) for child in children.values()})

    def test_reordered_alone_runs_nothing(self):
        self.first_run()
        self.write_sheet(reversed(self.rows))
        self.assertEqual("plan revision 2: 21 kept from revision 1, 0 will run", self.first_line(self.run_jobs()))
        self.assertEqual([], self.ran())
        self.assertEqual("s19", self.json("jobs", "align:0")["jobs"][0]["key"])

    def test_other_order_of_columns_is_no_change(self):
        self.first_run()
        self.write_sheet(self.rows, columns=("value", "sample"))
        self.run_jobs("--rerun-changed")
        self.assertEqual([], self.ran())

    def test_unfinished_rows_may_go_unasked(self):
        self.plan('test $sample != s05; echo "$sample $value" >> ran')
        self.run_jobs(code=harness.SOME_FAILED)
        self.assertNotIn("s05 5", self.ran())
        self.write_sheet([row for row in self.rows if row[0] != "s05"])
        output = self.run_jobs()
        self.assertEqual("plan revision 2: 19 kept from revision 1, 1 will run", self.first_line(output))
        self.assertEqual(["merged"], self.ran())

    def test_rows_with_other_values_stay_unless_asked(self):
        self.first_run()
        self.rows[7] = ("s07", "700")
        self.write_sheet(self.rows)
        output = self.run_jobs()
        self.assertIn("1 with other values", output)
        self.assertEqual([], self.ran())
        self.rows[8] = ("s08", "800")
        self.write_sheet(self.rows)
        output = self.run_jobs("--rerun-changed")
        self.assertEqual("plan revision 3: 20 kept from revision 2, 1 will run", self.first_line(output))
        self.assertEqual(["s08 800"], self.ran())

    def test_failed_rows_take_their_new_values(self):
        self.plan('test $value -lt 100; echo "$sample $value" >> ran')
        self.rows[4] = ("s04", "400")
        self.write_sheet(self.rows)
        self.run_jobs(code=harness.SOME_FAILED)
        self.ran()
        self.rows[4] = ("s04", "4")
        self.write_sheet(self.rows)
        output = self.run_jobs()
        self.assertEqual("plan revision 2: 19 kept from revision 1, 2 will run", self.first_line(output))
        self.assertEqual(["merged", "s04 4"], self.ran())

    def test_a_changed_definition_is_for_what_is_left_unless_asked(self):
        self.first_run()
        self.plan('echo "new $sample" >> ran')
        self.write_sheet(self.rows + [("s20", "20")])
        output = self.run_jobs()
        self.assertIn("its definition has changed", output)
        self.assertEqual(["new s20"], self.ran())
        self.plan('echo "newer $sample" >> ran')
        self.run_jobs("--rerun-changed")
        self.assertEqual(sorted(f"newer {sample}" for sample in [*dict(self.rows), "s20"]), self.ran())

    def test_a_damaged_sheet_leaves_the_run_as_it_is(self):
        self.first_run()
        self.write("samples.csv", "sample,value\ns00,0\ns00,1\n")
        self.assertIn("samples.csv", self.run_jobs(code=harness.BAD_USAGE))
        self.write("samples.csv", "sample,value\ns00\n")
        self.assertIn("line 2", self.run_jobs(code=harness.BAD_USAGE))
        self.write_sheet(self.rows)
        self.assertIn("nothing to run", self.run_jobs())
        self.assertEqual([], self.ran())

    def test_changed_while_interrupted(self):
        """What was running when everything died is taken by its key, too."""
        self.plan('echo "$sample" >> ran; while [ ! -e go ] && [ $value -ge 5 ]; do sleep 0.02; done')
        run = self.start_mpibatch("run", "plan.json", "--cpus-per-node", "2")
        file = self.folder / "ran"
        harness.wait_until(lambda: file.exists() and len(file.read_text().splitlines()) == 7, "seven have begun")
        harness.wait_until(lambda: self.json("status")["statusSummary"]["SUCCEEDED"] == 5, "five have ended")
        self.kill_all()
        run.wait(30)
        self.assertEqual([f"s{i:02}" for i in range(7)], self.ran())
        self.write("go", "")
        self.write_sheet(reversed(self.rows))
        self.assertEqual("plan revision 2: 5 kept from revision 1, 16 will run", self.first_line(self.run_jobs()))
        self.assertEqual(sorted(["merged"] + [f"s{i:02}" for i in range(5, 20)]), self.ran())


class Grid(Case):
    def run_grid(self, grid, *options, code=harness.SUCCEEDED):
        self.write_jobs(harness.job("sweep", 'echo "$beta $n" >> ran', arrayProperties={"parameterGrid": grid}))
        return self.run_jobs(*options, code=code)

    def test_grows_in_any_dimension_and_shrinks_if_accepted(self):
        self.run_grid({"beta": [0.1, 0.2], "n": [10, 20]})
        self.assertEqual(["0.1 10", "0.1 20", "0.2 10", "0.2 20"], self.ran())
        # The new value stands first: every index changes, no key does.
        output = self.run_grid({"beta": [0.05, 0.1, 0.2], "n": [5, 10, 20]})
        self.assertEqual("plan revision 2: 4 kept from revision 1, 5 will run", self.first_line(output))
        self.assertEqual(["0.05 10", "0.05 20", "0.05 5", "0.1 5", "0.2 5"], self.ran())
        output = self.run_grid({"beta": [0.1], "n": [5, 10, 20]}, code=harness.BAD_USAGE)
        self.assertIn("6 finished children of job 'sweep' (beta=0.05,n=5, beta=0.05,n=10, beta=0.05,n=20, …)", output)
        self.run_grid({"beta": [0.1], "n": [5, 10, 20]}, "--accept")
        self.assertEqual([], self.ran())
        self.assertEqual(["beta=0.1,n=5", "beta=0.1,n=10", "beta=0.1,n=20"], list(self.children("sweep")))

    def test_a_range_that_goes_on(self):
        self.run_grid({"beta": {"start": 0.1, "stop": 0.5, "step": 0.1}, "n": [1]})
        self.assertEqual(5, len(self.ran()))
        self.run_grid({"beta": {"start": 0.1, "stop": 0.8, "step": 0.1}, "n": [1]})
        self.assertEqual(["0.6 1", "0.7 1", "0.8 1"], self.ran())


class Jobs(Case):
    def note(self, name, depends_on=()):
        return harness.job(name, f"echo {name} >> ran", depends_on)

    def test_a_new_job_among_finished_ones(self):
        self.write_jobs(self.note("a"), self.note("c", ["a"]))
        self.run_jobs()
        self.assertEqual(["a", "c"], self.ran())
        self.write_jobs(self.note("b", ["a"]), self.note("c", ["a", "b"]), self.note("a"))
        output = self.run_jobs()
        self.assertEqual("plan revision 2: 2 kept from revision 1, 1 will run", self.first_line(output))
        self.assertIn("job 'b' is new", output)
        self.assertEqual(["b"], self.ran())

    def test_a_job_renamed(self):
        self.write_jobs(self.note("a"), self.note("b", ["a"]))
        self.run_jobs()
        self.ran()
        self.write_jobs(self.note("a"), self.note("bee", ["a"]))
        self.assertIn("job 'b', which has SUCCEEDED", self.run_jobs(code=harness.BAD_USAGE))
        self.assertEqual({"a", "b"}, set(self.jobs()))
        output = self.run_jobs("--accept")
        self.assertIn("job 'b' is no longer in the plan", output)
        self.assertIn("job 'bee' is new", output)
        self.assertEqual(["bee"], self.ran())
        self.assertEqual({"a": "SUCCEEDED", "bee": "SUCCEEDED"}, self.statuses())

    def test_a_job_that_comes_back_is_new(self):
        self.write_jobs(self.note("a"), self.note("b"))
        self.run_jobs()
        self.write_jobs(self.note("a"))
        self.run_jobs("--accept")
        self.ran()
        self.write_jobs(self.note("a"), self.note("b"))
        self.run_jobs()
        self.assertEqual(["b"], self.ran())

    def test_a_failed_job_may_go_unasked(self):
        self.write_jobs(self.note("a"), harness.job("b", ["false"], ["a"]))
        self.run_jobs(code=harness.SOME_FAILED)
        self.ran()
        self.write_jobs(self.note("a"))
        self.run_jobs()
        self.assertEqual([], self.ran())
        self.assertEqual({"a": "SUCCEEDED"}, self.statuses())

    def test_fewer_children_need_acceptance(self):
        self.write_jobs(harness.array("a", 4, "echo $AWS_BATCH_JOB_ARRAY_INDEX >> ran"))
        self.run_jobs()
        self.ran()
        self.write_jobs(harness.array("a", 2, "echo $AWS_BATCH_JOB_ARRAY_INDEX >> ran"))
        self.assertIn("2 finished children of job 'a' (2, 3)", self.run_jobs(code=harness.BAD_USAGE))
        self.run_jobs("--accept")
        self.write_jobs(harness.array("a", 5, "echo $AWS_BATCH_JOB_ARRAY_INDEX >> ran"))
        self.run_jobs()
        self.assertEqual(["2", "3", "4"], self.ran())

    def test_lines_of_a_task_list_are_known_by_their_text(self):
        self.write("tasks.txt", "echo one >> ran\necho two >> ran\n")
        self.check(self.start_mpibatch("run", "--tasks", "tasks.txt"))
        self.ran()
        self.write("tasks.txt", "echo zero >> ran\necho two >> ran\necho one >> ran\necho two >> ran\n")
        self.check(self.start_mpibatch("run", "--tasks", "tasks.txt"))
        self.assertEqual(["two", "zero"], self.ran())


if __name__ == "__main__":
    harness.main()
