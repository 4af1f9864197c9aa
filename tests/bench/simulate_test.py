#!/usr/bin/python3
"""An array of 10,000,000 children, simulated: 200 MiB and 15 s are its bars. Prints what it took. CPU time counts, and
only a gross loss of it is a failure: machines that run tests are busy, and this program may not be optimized."""
# labels: bench
# serial
# timeout: 120
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import unittest

MPIBATCH = os.environ["MPIBATCH"]
CHILDREN, SECONDS_MAX, MIB_MAX = 10_000_000, 15, 200
GROSS = 3


class TenMillion(unittest.TestCase):
    def test_simulates_fast_and_small(self):
        job = {"jobName": "sweep", "arrayProperties": {"size": CHILDREN}, "containerProperties": {"command": ["true"]}}
        with tempfile.TemporaryDirectory() as folder:
            plan = pathlib.Path(folder) / "plan.json"
            plan.write_text(json.dumps({"jobs": [job]}))
            done = subprocess.run([MPIBATCH, "simulate", plan, "--nodes", "1000", "--cpus", "64", "--memory", "256000",
                                   "--json"], capture_output=True, text=True, check=True)
        report = json.loads(done.stdout)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s, mib = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
        print(f"{CHILDREN:,} children on 1,000 nodes of 64 CPUs: {cpu_s:.1f} s of CPU, {mib:.0f} MiB "
              f"(bars: {SECONDS_MAX} s, {MIB_MAX} MiB)", flush=True)
        self.assertEqual(report["tasks"]["succeeded"], CHILDREN)
        self.assertEqual(report["makespanSeconds"], -(-CHILDREN // 64_000))
        self.assertLessEqual(cpu_s, GROSS * SECONDS_MAX)
        self.assertLessEqual(mib, MIB_MAX)


if __name__ == "__main__":
    unittest.main()
