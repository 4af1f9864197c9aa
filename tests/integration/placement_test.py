#!/usr/bin/python3
"""What a node has is what its allocation grants, and every attempt is bound to CPUs of its own."""
# labels: mpi
import os
import pathlib
import subprocess
import unittest
import uuid

import harness

CPUS = sorted(os.sched_getaffinity(0))
MIB = 1 << 20

# Its own CPUs, into a file of its own; it stays until `count` such files are there, so that many run at once.
TELL_CPUS = """
grep Cpus_allowed_list /proc/self/status | cut -f2 > cpus.part.$AWS_BATCH_JOB_ARRAY_INDEX
mv cpus.part.$AWS_BATCH_JOB_ARRAY_INDEX cpus.$AWS_BATCH_JOB_ARRAY_INDEX
until [ "$(ls cpus.[0-9]* | wc -l)" -ge {count} ]; do sleep 0.02; done
"""


def numbers(cpu_list):
    """ "0-2,5" as {0, 1, 2, 5}."""
    found = set()
    for part in cpu_list.strip().split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


# ---- a host of one's own

# Runs on one host know of each other, and other tests run on this one: under another host name they do not.
OWN_HOST = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"']
CAN_NAME_A_HOST = subprocess.run([*OWN_HOST, "placement", "true"], capture_output=True, check=False).returncode == 0


# ---- memory cgroups

def cgroups(mount_point, mount_root, own):
    """The folders of a process's cgroup and of those above it, as far as they can be seen."""
    if mount_root != "/":
        own = own.removeprefix(mount_root)
    folder = pathlib.Path(mount_point) / own.strip("/")
    while folder.is_relative_to(mount_point):
        yield folder
        folder = folder.parent


def memory_limits():
    """Where a cgroup with a memory limit can be made, and what its limit's file is called. OSError: nowhere."""
    own = dict(line.split(":", 2)[1:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines())
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, kind = line.partition(" - ")
        root, point = mount.split()[3:5]
        kind, _, options = kind.split()[:3]
        if kind == "cgroup" and "memory" in options.split(",") and "memory" in own:
            return next(cgroups(point, root, own["memory"])), "memory.limit_in_bytes"
        if kind == "cgroup2" and "" in own:
            for folder in cgroups(point, root, own[""]):
                if "memory" in (folder / "cgroup.subtree_control").read_text().split():
                    return folder, "memory.max"
    raise OSError("the memory controller is not there")


class MemoryGroup:
    """A cgroup with a limit; v1 and v2. None of it remains after close()."""

    def __init__(self, limit_bytes):
        parent, limit = memory_limits()
        self.folder = parent / f"placement-test-{uuid.uuid4().hex[:8]}"
        self.folder.mkdir()
        try:
            (self.folder / limit).write_text(str(limit_bytes))
        except OSError:
            self.close()
            raise

    def close(self):
        harness.wait_until(self._remove, f"{self.folder} to be empty")

    def _remove(self):
        try:
            self.folder.rmdir()
        except OSError:
            return not self.folder.exists()
        return True


class Placement(harness.Case):
    def setUp(self):
        super().setUp()
        self.host = [*OWN_HOST, f"host-{self.token[:8]}"] if CAN_NAME_A_HOST else []

    def start_on(self, prefix, *arguments, ranks=0, binding=None):
        """`mpibatch ARGUMENTS` on a host of the test's own, under `prefix` and, with `ranks`, mpirun."""
        launcher = [harness.MPIRUN, "-n", ranks] if ranks else []
        if binding:
            launcher += ["--bind-to", binding]
        return self.start(*self.host, *prefix, *launcher, harness.MPIBATCH, *arguments)

    def nodes_of(self, prefix=(), *options, **launcher):
        """Runs one job; the nodes that the run had then, and what it printed."""
        name = f"plan{len(self.runs)}"
        self.write_plan(f"{name}.json", {"jobs": [harness.job("a", ["true"])]})
        output = self.check(self.start_on(prefix, "run", f"{name}.json", *options, **launcher))
        self.assert_nothing_left()
        return self.json("status", "--state", f"{name}.mpibatch")["nodes"], output

    def vcpus(self, prefix=(), **launcher):
        return [node["vcpus"] for node in self.nodes_of(prefix, **launcher)[0]]

    # -- what the allocation grants

    def test_one_rank_has_what_a_plain_run_has(self):
        """mpirun binds a lone rank to one core, which is not what was granted."""
        self.assertEqual(self.vcpus(), [len(CPUS)])
        self.assertEqual(self.vcpus(ranks=1), [len(CPUS)])
        self.assertEqual(self.vcpus(ranks=1, binding="core"), [len(CPUS)])

    def test_ranks_share_a_host_evenly(self):
        each, more = divmod(len(CPUS), 3)
        self.assertEqual(sorted(self.vcpus(ranks=3)), sorted(each + (share < more) for share in range(3)))

    def test_taskset_is_the_users_word(self):
        one = ["taskset", "-c", CPUS[-1]]
        self.assertEqual(self.vcpus(one), [1])
        self.assertEqual(self.vcpus(one, ranks=1), [1])

    def test_cpus_per_node_is_the_users_word(self):
        nodes, output = self.nodes_of((), "--cpus-per-node", "1")
        self.assertEqual([node["vcpus"] for node in nodes], [1])
        self.assertNotIn("not bound", output)

    def limited(self, limit_mib):
        try:
            group = MemoryGroup(limit_mib * MIB)
        except OSError as error:
            self.skipTest(f"no cgroup with a memory limit can be made here: {error}")
        self.addCleanup(group.close)
        return ["sh", "-c", f'echo 0 > "{group.folder}/cgroup.procs" && exec "$@"', "sh"]

    def test_memory_is_the_cgroups_limit(self):
        (node,), _ = self.nodes_of(self.limited(1000))
        # Less the reserve: 2 %, but 256 MiB at least, and 5 % at most.
        self.assertEqual(node["memory"], 950)

    def test_ranks_share_the_cgroups_memory(self):
        nodes, _ = self.nodes_of(self.limited(1000), ranks=2)
        self.assertEqual([node["memory"] for node in nodes], [475, 475])

    def test_job_that_needs_more_than_the_cgroup_has(self):
        prefix = self.limited(1000)
        self.write_plan("plan.json", {"jobs": [harness.job("big", ["true"], containerProperties={"memory": 951})]})
        output = self.check(self.start_on(prefix, "run", "plan.json"), harness.BAD_USAGE)
        self.assertIn("job 'big' needs 951 MiB", output)
        self.assertIn("950 MiB", output)
        self.assert_nothing_left()

    # -- binding

    def bound(self, prefix, vcpus, at_once, *options):
        """Runs `at_once` attempts of so many vcpus at the same time; the CPUs of each, and what the run printed."""
        self.write_plan("plan.json", {"jobs": [harness.array("a", at_once, TELL_CPUS.format(count=at_once),
                                                             containerProperties={"vcpus": vcpus})]})
        output = self.check(self.start_on(prefix, "run", "plan.json", *options))
        self.assert_nothing_left()
        return [numbers((self.folder / f"cpus.{child}").read_text()) for child in range(at_once)], output

    def need_a_host(self):
        if not CAN_NAME_A_HOST:
            self.skipTest("runs of others may be on this host, and no other host name can be had (unshare --uts)")

    def test_attempts_at_once_have_cpus_of_their_own(self):
        self.need_a_host()
        bound, _ = self.bound((), 1, len(CPUS))
        self.assertEqual([len(cpus) for cpus in bound], [1] * len(CPUS))
        self.assertEqual(set.union(*bound), set(CPUS))
        recorded = [child["attempts"][0]["cpus"] for child in self.json("jobs", "a")["jobs"]]
        self.assertEqual([set(cpus) for cpus in recorded], bound)

    def test_attempt_of_two_vcpus_has_both(self):
        self.need_a_host()
        if len(CPUS) < 2:
            self.skipTest("needs two CPUs")
        (cpus,), _ = self.bound((), 2, 1)
        self.assertEqual(len(cpus), 2)
        self.assertLessEqual(cpus, set(CPUS))

    def test_ranks_of_a_host_never_share_a_cpu(self):
        self.need_a_host()
        if len(CPUS) < 2:
            self.skipTest("needs two CPUs")
        self.write_plan("plan.json", {"jobs": [harness.array("a", 2, TELL_CPUS.format(count=2))]})
        self.check(self.start_on((), "run", "plan.json", "--cpus-per-node", "1", ranks=2))
        self.assert_nothing_left()
        bound = [numbers((self.folder / f"cpus.{child}").read_text()) for child in range(2)]
        self.assertEqual([len(cpus) for cpus in bound], [1, 1])
        self.assertTrue(bound[0].isdisjoint(bound[1]), bound)
        nodes = {child["attempts"][0]["node"] for child in self.json("jobs", "a")["jobs"]}
        self.assertEqual(len(nodes), 2)

    def test_more_cpus_a_node_than_there_are(self):
        wanted = len(CPUS) + 1
        bound, output = self.bound((), 1, wanted, "--cpus-per-node", wanted)
        self.assertEqual(bound, [set(CPUS)] * wanted)
        self.assertIn("not bound", output)

    def test_second_run_on_the_host_is_not_bound(self):
        """Nor does it bind what the first one has bound."""
        self.need_a_host()
        self.write_plan("first.json", {"jobs": [harness.job("a", "touch ready; until [ -e over ]; do sleep 0.02; done")]})
        self.write_plan("plan.json", {"jobs": [harness.job("a", "grep Cpus_allowed_list /proc/self/status | cut -f2")]})
        first = self.start_on((), "run", "first.json")
        harness.wait_until((self.folder / "ready").exists, "the first run's attempt to begin")
        output = self.check(self.start_on((), "run", "plan.json"))
        self.assertIn("not bound", output)
        self.assertEqual(numbers(self.command("logs", "a", "--state", "plan.mpibatch")), set(CPUS))
        (self.folder / "over").touch()
        self.check(first)
        self.assert_nothing_left()
        self.write_plan("third.json", {"jobs": [harness.job("a", "grep Cpus_allowed_list /proc/self/status | cut -f2")]})
        self.assertNotIn("not bound", self.check(self.start_on((), "run", "third.json")))
        self.assertEqual(len(numbers(self.command("logs", "a", "--state", "third.mpibatch"))), 1)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
