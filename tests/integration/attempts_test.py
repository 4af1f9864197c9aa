#!/usr/bin/python3
"""Attempts that misbehave: each ends with a clear reason, what it printed is kept, and no process is left behind."""
import hashlib
import os
import pathlib
import subprocess
import unittest

import harness

EXITED = "Essential container in task exited"
TIMEOUT = "Job attempt duration exceeded timeout"

# Starts three that should outlive it, and waits until they have said who they are: in a session of its own; there with
# nothing of its environment; and orphaned there.
GRANDCHILDREN = """
setsid sh -c 'echo $$ >> pids; exec sleep 600' &
env -i setsid sh -c 'echo $$ >> pids; exec sleep 600' &
(setsid sh -c 'trap "" TERM HUP; (echo $BASHPID >> pids; sleep 600) & echo $$ >> pids; sleep 600' &)
until [ "$(wc -l < pids)" = 4 ]; do sleep 0.01; done
"""


def started_at(pid):
    """None if there is no such process, or only what is left of one."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


class Attempts(harness.Case):
    def run_job(self, command, *options, code=harness.SOME_FAILED, **fields):
        """Runs a plan of this one job. What `jobs a --json` says of its only attempt."""
        self.write_plan("plan.json", {"jobs": [harness.job("a", command, **fields)]})
        self.output = self.run_plan("plan.json", *options, code=code)
        self.assert_nothing_left()
        return self.only_attempt("SUCCEEDED" if code == harness.SUCCEEDED else "FAILED")

    def only_attempt(self, status):
        (job,) = self.json("jobs", "a")["jobs"]
        self.assertEqual(job["status"], status)
        (attempt,) = job["attempts"]
        self.assertEqual(attempt["state"], "ENDED")
        if status == "FAILED":
            self.assertEqual(attempt["statusReason"], job["statusReason"])
        self.assertGreaterEqual(attempt["stoppedAt"], attempt["startedAt"])
        return attempt

    def logs(self, *options):
        return subprocess.run([harness.MPIBATCH, "logs", "a", *options], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=60).stdout

    def assert_gone(self):
        """What wrote its number into `pids` is gone, whatever it did to its session and its environment."""
        pids = (self.folder / "pids").read_text().split()
        self.assertTrue(pids)
        for pid in pids:
            harness.wait_until(lambda pid=pid: started_at(pid) is None, f"process {pid} to go", seconds=10)

    # -- processes

    def test_grandchildren_end_with_it(self):
        self.write("pids", "")
        attempt = self.run_job(GRANDCHILDREN + "exit 0", code=harness.SUCCEEDED)
        self.assertEqual(attempt["container"]["exitCode"], 0)
        self.assert_gone()

    def test_grandchildren_end_with_its_failure(self):
        """They hold its standard output, and nobody waits for them to close it."""
        self.write("pids", "")
        attempt = self.run_job(GRANDCHILDREN + "echo last; exit 9")
        self.assertEqual(attempt["container"]["exitCode"], 9)
        self.assertEqual(attempt["statusReason"], EXITED)
        self.assertEqual(self.logs("--stdout"), b"last\n")
        self.assert_gone()

    def test_grandchildren_end_at_the_timeout(self):
        self.write("pids", "")
        attempt = self.run_job(GRANDCHILDREN + "sleep 600", "--grace", "0.3", timeout={"attemptDurationSeconds": 1})
        self.assertEqual(attempt["statusReason"], TIMEOUT)
        self.assert_gone()

    def test_ignores_sigterm(self):
        """SIGTERM at the timeout, SIGKILL after the grace; it is not tried again."""
        attempt = self.run_job("trap 'echo no' TERM; echo $$ > pids; while :; do sleep 0.01 || true; done", "--grace", "0.3",
                               timeout={"attemptDurationSeconds": 1}, retryStrategy={"attempts": 3})
        self.assertEqual(attempt["statusReason"], TIMEOUT)
        self.assertEqual(attempt["container"]["exitCode"], 137)
        self.assertGreaterEqual(attempt["usage"]["wallSeconds"], 1.3)
        self.assertIn(b"no\n", self.logs("--stdout"))
        self.assertIn("timeout", self.output)
        self.assert_gone()

    def test_obeys_sigterm(self):
        attempt = self.run_job("trap 'echo saved; exit 3' TERM; while :; do sleep 0.01 || true; done", "--grace", "50",
                               timeout={"attemptDurationSeconds": 1})
        self.assertEqual(attempt["statusReason"], TIMEOUT)
        self.assertEqual(attempt["container"]["exitCode"], 3)
        self.assertLess(attempt["usage"]["wallSeconds"], 50)
        self.assertEqual(self.logs("--stdout"), b"saved\n")

    def test_killed_by_a_signal(self):
        attempt = self.run_job("ulimit -c 0; kill -SEGV $$")
        self.assertEqual(attempt["statusReason"], EXITED)
        self.assertEqual(attempt["container"]["exitCode"], 139)
        self.assertIn("killed by signal 11", attempt["container"]["reason"])

    # -- output and input

    def test_prints_100_mb(self):
        data = os.urandom(100_000_000)
        (self.folder / "data").write_bytes(data)
        self.run_job(["cat", "data"], code=harness.SUCCEEDED)
        self.assertEqual(hashlib.sha256(self.logs("--stdout")).digest(), hashlib.sha256(data).digest())
        self.assertEqual(self.logs("--stderr"), b"")

    def test_prints_binary_zeros(self):
        zeros = bytes(300_000)
        self.run_job(r"head -c 300000 /dev/zero; printf 'a\0b\377\r\n\0'; head -c 3 /dev/zero >&2", code=harness.SUCCEEDED)
        self.assertEqual(self.logs("--stdout"), zeros + b"a\0b\xff\r\n\0")
        self.assertEqual(self.logs("--stderr"), bytes(3))

    def test_fails_with_binary_words(self):
        """Its last words are shown, and do nothing to the terminal."""
        attempt = self.run_job(r"printf 'sorry\0\033[2J\n' >&2; exit 4")
        self.assertEqual(attempt["container"]["exitCode"], 4)
        self.assertIn("sorry", self.output)
        self.assertNotIn("\033", self.output)
        self.assertNotIn("\0", self.output)

    def test_closes_its_descriptors(self):
        """The end of its output is not its end."""
        attempt = self.run_job("echo before; exec 0<&- 1>&- 2>&-; sleep 0.3; echo done > file; exit 7")
        self.assertEqual(attempt["statusReason"], EXITED)
        self.assertEqual(attempt["container"]["exitCode"], 7)
        self.assertEqual(self.logs(), b"before\n")
        self.assertTrue((self.folder / "file").exists())

    def test_reads_stdin(self):
        """It is empty, whatever the standard input of `run` is."""
        self.write_plan("plan.json", {"jobs": [harness.job("a", "cat; read line || echo empty; readlink /proc/self/fd/0")]})
        self.check(self.start("sh", "-c", f"echo secret | '{harness.MPIBATCH}' run plan.json"))
        self.assert_nothing_left()
        self.only_attempt("SUCCEEDED")
        self.assertEqual(self.logs("--stdout"), b"empty\n/dev/null\n")

    def test_has_no_descriptor_of_ours(self):
        self.run_job(["ls", "/proc/self/fd"], code=harness.SUCCEEDED)
        self.assertEqual(self.logs("--stdout").split(), [b"0", b"1", b"2", b"3"])  # 3 is the folder that it lists

    # -- programs

    def test_missing_program(self):
        attempt = self.run_job(["no-such-program", "--now"])
        self.assertEqual(attempt["container"]["exitCode"], 127)
        self.assertIn("no-such-program", attempt["container"]["reason"])
        self.assertIn(self.environment["PATH"].split(":")[0], attempt["container"]["reason"])  # where it was looked for
        self.assertIn(os.uname().nodename, attempt["container"]["reason"])
        self.assertNotEqual(attempt["statusReason"], EXITED)
        self.assertIn("no-such-program", self.output)

    def test_program_that_is_not_executable(self):
        self.write("tool", "#!/bin/sh\n", 0o644)
        attempt = self.run_job(["./tool"])
        self.assertEqual(attempt["container"]["exitCode"], 126)
        self.assertIn("tool", attempt["container"]["reason"])

    def test_script_without_its_interpreter(self):
        self.write("tool", "#!/no/such/interpreter\n", 0o755)
        attempt = self.run_job(["./tool"])
        self.assertIn(attempt["container"]["exitCode"], (126, 127))
        self.assertIn("tool", attempt["container"]["reason"])
        self.assertIn("interpreter", attempt["container"]["reason"])

    def test_missing_folder(self):
        attempt = self.run_job(["true"], containerProperties={"workingDirectory": "/no/such/folder"})
        self.assertIn("/no/such/folder", attempt["container"]["reason"])
        self.assertNotEqual(attempt["statusReason"], EXITED)


if __name__ == "__main__":
    unittest.main()
