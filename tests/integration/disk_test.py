#!/usr/bin/python3
"""The disk of the state folder is full: a clear error, an orderly end, and with more space the same command goes on.

The disk is a small tmpfs in a mount namespace of the test's own, so that needs root. Syncs that fail cannot be had this
way: the unit tests of the committer and of the journal, and the fault simulation, have disks where they do.
"""
# labels: fault mpi
# timeout: 600
import collections
import ctypes
import os
import shutil
import subprocess
import unittest

import harness

CLONE_NEWNS = 0x00020000

# An attempt writes down that it began and ended, outside of the full disk, and prints so much.
LIFE = """
echo began $AWS_BATCH_JOB_ARRAY_INDEX >> lives
head -c {prints} /dev/urandom
sleep {seconds}
echo ended $AWS_BATCH_JOB_ARRAY_INDEX >> lives
"""


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


def setUpModule():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise unittest.SkipTest(f"no mount namespace can be had: {os.strerror(ctypes.get_errno())}")
    try:
        mount("--make-rprivate", "/")
    except (OSError, subprocess.CalledProcessError) as error:
        raise unittest.SkipTest(f"nothing can be mounted: {error}") from error


class Disk(harness.Case):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"

    def give_disk(self, folder, size):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mount("-t", "tmpfs", "-o", f"size={size},mode=0700", "none", folder)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)  # tearDown() leaves what is mounted on
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)

    def give_space(self, folder, size):
        mount("-o", f"remount,size={size}", folder)

    def run_plan(self, *options, **how):
        return super().run_plan("plan.json", "--state", "disk/state", *options, **how)

    def lives(self, what):
        return collections.Counter(int(child) for word, child in
                                   map(str.split, (self.folder / "lives").read_text().splitlines()) if word == what)

    def succeeded(self):
        return {index for index, child in enumerate(self.json("jobs", "work", "--state", "disk/state")["jobs"])
                if child["status"] == "SUCCEEDED"}

    def assert_a_full_disk_is_told(self, output):
        self.assertIn("No space left on device", output)
        self.assertIn("free some space and run again", output)
        self.assertIn(str(self.disk), output)

    def assert_goes_on(self, reported, size, **how):
        """With space again: what was reported as done is kept, and the rest is done."""
        began = self.lives("began")
        output = self.run_plan(seconds=300, **how)
        self.assertIn("going on", output)
        self.assert_nothing_left()
        self.assertEqual(self.succeeded(), set(range(size)))
        for child in reported:
            self.assertEqual(self.lives("began")[child], began[child], f"child {child} had succeeded, and ran again")
        self.assertEqual(set(self.lives("ended")), set(range(size)))
        self.assertTrue((self.disk / "state/state.h5").exists())

    def fill_by_output(self, ranks=0):
        size = 12
        self.give_disk(self.disk, "4m")
        self.write_plan("plan.json", {"jobs": [harness.array("work", size, LIFE.format(prints=1_000_000, seconds=0.3))]})
        output = self.run_plan(ranks=ranks, code=harness.INTERRUPTED)
        self.assert_a_full_disk_is_told(output)
        self.assertIn("segment", output)
        self.assertIn("To go on:", output)
        self.assert_nothing_left()
        reported = self.succeeded()
        self.assertGreaterEqual(len(reported), 2)  # the disk has room for so many
        self.assertLess(len(reported), size)
        # What ended is known, though its output may be lost: not one attempt was in vain.
        self.assertEqual(set(self.lives("ended")), reported)
        self.give_space(self.disk, "100m")
        self.assert_goes_on(reported, size, ranks=ranks)
        self.assertEqual(set(self.lives("began").values()), {1})

    def test_output_fills_it(self):
        self.fill_by_output()

    def test_output_fills_it_on_two_ranks(self):
        self.fill_by_output(ranks=2)

    def test_journal_cannot_grow(self):
        """Nothing more is granted; what has ended and is not in the journal is in the starter's segment."""
        size = 2000  # some ten bytes each
        self.give_disk(self.disk / "state/journal", "12k")
        self.write_plan("plan.json", {"jobs": [harness.array("work", size, LIFE.format(prints=0, seconds=0))]})
        run = self.start_mpibatch("run", "plan.json", "--state", "disk/state")
        self.assertIn(run.wait(), (harness.BAD_USAGE, harness.INTERRUPTED))
        self.assert_a_full_disk_is_told(run.output())
        self.assertIn("journal", run.output())
        self.assert_nothing_left()
        reported = self.succeeded()
        self.assertTrue(reported)
        self.assertLess(len(reported), size)
        self.give_space(self.disk / "state/journal", "10m")
        self.assert_goes_on(reported, size)

    def test_full_from_the_start(self):
        self.give_disk(self.disk, "64k")
        with open(self.disk / "ballast", "wb", buffering=0) as ballast, self.assertRaises(OSError):
            while True:
                ballast.write(bytes(4096))
        self.write_plan("plan.json", {"jobs": [harness.array("work", 2, LIFE.format(prints=0, seconds=0))]})
        run = self.start_mpibatch("run", "plan.json", "--state", "disk/state")
        self.assertIn(run.wait(), (harness.BAD_USAGE, harness.INTERRUPTED))
        self.assert_a_full_disk_is_told(run.output())
        self.assert_nothing_left()
        self.assertFalse((self.folder / "lives").exists())
        self.give_space(self.disk, "10m")
        self.run_plan()
        self.assertEqual(self.lives("began"), {0: 1, 1: 1})


if __name__ == "__main__":
    unittest.main()
