#!/usr/bin/python3
"""The short form of core_bench. Prints the table; only a gross loss is a failure, since machines that run tests are busy:
CPU time of more than twice the bar where the program is optimized, of ten times the bar where it is not."""
# labels: bench
# serial
# timeout: 300
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import core_table

PROGRAM = pathlib.Path(os.environ["MPIBATCH_BUILD"]) / "core_bench"
FILTER = r"/(10000|100000)/|cluster/nodes:100/"
GROSS, GROSS_UNOPTIMIZED = 2, 10


class Core(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            subprocess.run([PROGRAM, f"--benchmark_filter={FILTER}", "--benchmark_repetitions=3",
                            "--benchmark_format=json"], stdout=file, stderr=subprocess.DEVNULL, check=True)
            cls.rows, cls.clusters, optimized = core_table.read([file.name])
        cls.gross = GROSS if optimized else GROSS_UNOPTIMIZED
        print("", core_table.costs(cls.rows), core_table.memory(cls.rows), core_table.big_clusters(cls.clusters),
              sep="\n\n", flush=True)

    def test_time(self):
        for name, (bar, _) in core_table.ROWS.items():
            for size, row in self.rows[name].items() if bar else ():
                self.assertLessEqual(row["ns_each"], self.gross * bar, f"{name} of {size}")

    def test_memory(self):
        """That of small ones is mostly what does not grow."""
        for name in core_table.ROWS:
            row = self.rows[name][100_000]
            array = name.startswith("array")
            waiting = core_table.CHILD_BYTES_WAITING if array else core_table.JOB_BYTES
            ended = core_table.CHILD_BYTES_ENDED if array else core_table.JOB_BYTES
            self.assertLessEqual(row["bytes_waiting"], waiting, name)
            self.assertLessEqual(row["bytes_ended"], ended, name)


if __name__ == "__main__":
    unittest.main()
