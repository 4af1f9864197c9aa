# What users' builds (preset release) keep for profilers and crash reports.
# labels: integration
# timeout: 300
import platform
import re
import subprocess
import unittest

import harness


class Release(harness.Case):
    def setUp(self):
        super().setUp()
        build = self.folder / "build"
        for command in (["cmake", "--preset", "release", "-B", build],
                        ["cmake", "--build", build, "--target", "mpibatch_base"]):
            done = subprocess.run(command, cwd=harness.SOURCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)
        self.library = build / "src/base/libmpibatch_base.a"

    def printed(self, *command):
        return subprocess.run([*command, self.library], capture_output=True, text=True, check=True).stdout

    def test_keeps_symbols_and_lines(self):
        self.assertIn(".debug_line", self.printed("readelf", "--sections", "--wide"))
        self.assertIn("T mpibatch::host_name", self.printed("nm", "--demangle"))

    @unittest.skipUnless(platform.machine() == "x86_64", "reads x86-64 code")
    def test_keeps_frame_pointers(self):
        code = self.printed("objdump", "--disassemble", "--no-show-raw-insn", "--demangle")
        function = re.search(r"<mpibatch::host_name.*?>:\n(.*?)\n\n", code, re.DOTALL)
        self.assertRegex(function[1], r"push +%rbp\n(.*\n)*.*mov +%rsp,%rbp\n")


if __name__ == "__main__":
    harness.main()
