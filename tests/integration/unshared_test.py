#!/usr/bin/python3
"""Ranks that do not see the same folder at the state folder's path are refused, by name; several hosts, and ranks that
share a host, work in one that they all see.

Rank 1 gets mounts, and where a test says so a host name, of its own; that needs root.
"""
# labels: mpi
import os
import shlex
import subprocess
import unittest

import harness

HOST = os.uname().nodename
OTHER_HOST = "other-host"


def can(*unshare):
    return subprocess.run(["unshare", *unshare], capture_output=True, check=False).returncode == 0


CAN_MOUNT = can("--mount", "mount", "-t", "tmpfs", "none", "/mnt")
CAN_NAME_A_HOST = can("--uts", "hostname", OTHER_HOST)


class Unshared(harness.Case):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.write_plan("plan.json", {"jobs": [harness.array("a", 6, "echo $MPIBATCH_NODE >> began")]})

    def run_two(self, before_rank_1, *unshare, code):
        """Two ranks; the second one in namespaces of its own, after that script. The output."""
        command = [harness.MPIBATCH, "run", "plan.json", "--state", "disk/state", "--cpus-per-node", "1"]
        script = f"{before_rank_1}\nexec {shlex.join(command)}"
        run = self.start(harness.MPIRUN, "-n", 1, *command, ":", "-n", 1, "unshare", *unshare, "sh", "-ec", script)
        output = self.check(run, code)
        self.assert_nothing_left()
        return output

    def nodes(self):
        return {node["node"] for node in self.json("status", "--state", "disk/state")["nodes"]}

    def ran_on(self):
        """The nodes whose attempts ran."""
        began = (self.folder / "began").read_text().split()
        self.assertEqual(len(began), 6)
        return set(began)

    def assert_refused(self, output, node):
        self.assertIn(f"the state folder '{self.disk / 'state'}' is not shared with node {node}", output)
        self.assertIn("--state DIR", output)
        self.assertFalse((self.folder / "began").exists())
        # Where they all see it, the same command does the work.
        self.run_plan("plan.json", "--state", "disk/state", ranks=2)
        self.ran_on()
        self.assert_nothing_left()

    @unittest.skipUnless(CAN_MOUNT, "needs unshare --mount")
    def test_folder_that_one_rank_does_not_see(self):
        output = self.run_two(f"mount -t tmpfs none {self.disk}", "--mount", code=harness.BAD_USAGE)
        self.assert_refused(output, f"{HOST}/1")

    @unittest.skipUnless(CAN_MOUNT, "needs unshare --mount")
    def test_folder_that_is_another_one_there(self):
        """A node-local folder with what an earlier run left at the same path."""
        output = self.run_two(f"mount -t tmpfs none {self.disk}; mkdir {self.disk}/state; echo 0123 > {self.disk}/state/nonce",
                              "--mount", code=harness.BAD_USAGE)
        self.assertIn("another folder is at this path there", output)
        self.assert_refused(output, f"{HOST}/1")

    @unittest.skipUnless(CAN_MOUNT and CAN_NAME_A_HOST, "needs unshare --mount --uts")
    def test_other_host_is_named(self):
        output = self.run_two(f"hostname {OTHER_HOST}; mount -t tmpfs none {self.disk}", "--mount", "--uts",
                              code=harness.BAD_USAGE)
        self.assert_refused(output, OTHER_HOST)

    @unittest.skipUnless(CAN_NAME_A_HOST, "needs unshare --uts")
    def test_two_hosts(self):
        self.run_two(f"hostname {OTHER_HOST}", "--uts", code=harness.SUCCEEDED)
        self.assertEqual(self.nodes(), {HOST, OTHER_HOST})
        self.assertEqual(self.ran_on(), {HOST, OTHER_HOST})

    @unittest.skipUnless(CAN_MOUNT, "needs unshare --mount")
    def test_mounts_of_ones_own_beside_it(self):
        """Only the state folder has to be the same."""
        (self.folder / "scratch").mkdir()
        self.run_two(f"mount -t tmpfs none {self.folder}/scratch", "--mount", code=harness.SUCCEEDED)
        self.assertEqual(self.ran_on(), {HOST, f"{HOST}/1"})

    def test_two_ranks_of_one_host(self):
        self.run_plan("plan.json", "--state", "disk/state", "--cpus-per-node", "1", ranks=2)
        self.assertEqual(self.nodes(), {HOST, f"{HOST}/1"})
        self.assertEqual(self.ran_on(), {HOST, f"{HOST}/1"})
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
