# The layout that the build cannot enforce: modules include only what they may use, without cycles; each library's
# header stays at its place; no file has grown too long.
# labels: fast
import os
import pathlib
import re
import tempfile
import unittest

LINES_MAX = 400
# Where a library's headers may be included: prefixes of paths.
PLACES = {
    r"mpi\.h": ["src/transport/mpi/", "tests/"],
    r"hdf5.*\.h": ["src/store/", "include/mpibatch/job.hpp", "tests/"],
    r"hwloc(/.*|\.h)": ["src/topology/", "tests/"],
    r"boost/.*": ["src/protocol/", "tests/"],
    r"yaml-cpp/.*": ["src/plan/"],
    r"CLI/.*": ["src/cli/", "src/main.cpp", "src/mpi_main.cpp"],
}
ONLY_IN_SOURCES = r"(nlohmann|CLI|yaml-cpp)/.*"  # slow to compile: in no header
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
MODULE = re.compile(r"mpibatch_module\(\s*(\w+)([^)]*)\)")


class Layout:
    """Everything that is wrong with the tree below `root`, as lines."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.faults = []
        self.uses = {}
        self.read_modules()
        self.find_cycles()
        for file in self.files("src", "include", "jobs", "tests", "examples", "slurm"):
            self.check_size(file)
            if file.suffix in (".hpp", ".cpp"):
                self.check_source(file)

    def files(self, *folders):
        kinds = {".hpp", ".cpp", ".py", ".sh", ".sbatch"}
        for folder in folders:
            for file in sorted((self.root / folder).rglob("*")):
                if file.suffix in kinds and file.is_file():
                    yield file

    def fault(self, file, text):
        self.faults.append(f"{file.relative_to(self.root)}: {text}")

    def read_modules(self):
        for lists in sorted(self.root.glob("src/*/CMakeLists.txt")):
            match = MODULE.search(lists.read_text())
            if not match or match.group(1) != lists.parent.name:
                self.fault(lists, f"declares no module '{lists.parent.name}'")
                continue
            words = match.group(2).split()
            uses = words[words.index("USES") + 1:] if "USES" in words else []
            uses = uses[: uses.index("LIBRARIES")] if "LIBRARIES" in uses else uses
            self.uses[match.group(1)] = uses
        for module, uses in self.uses.items():
            for used in uses:
                if used not in self.uses:
                    self.fault(self.root / "src" / module / "CMakeLists.txt",
                               f"uses '{used}', which is no module")

    def allowed(self, module):
        """The module and all that it uses, directly or not."""
        seen, todo = set(), [module]
        while todo:
            next_one = todo.pop()
            if next_one not in seen:
                seen.add(next_one)
                todo += self.uses.get(next_one, [])
        return seen

    def find_cycles(self):
        for module in self.uses:
            for used in self.uses[module]:
                if module in self.allowed(used):
                    self.fault(self.root / "src" / module / "CMakeLists.txt",
                               f"'{module}' and '{used}' use each other")

    def module_of(self, file):
        """The module that a file belongs to; none for main programs, jobs and tests."""
        parts = file.relative_to(self.root).parts
        if parts[0] == "src" and len(parts) > 2:
            return parts[1]
        if parts[:2] == ("include", "mpibatch") and len(parts) > 3:
            return parts[2]
        return None

    def module_meant(self, bracket, name):
        """The module that an include names, or none."""
        parts = name.split("/")
        if bracket == "<" and parts[0] == "mpibatch" and len(parts) > 2:
            return parts[1]
        if bracket == '"' and len(parts) > 1 and parts[0] in self.uses:
            return parts[0]
        return None

    def check_size(self, file):
        lines = len(file.read_bytes().splitlines())
        if lines > LINES_MAX:
            self.fault(file, f"has {lines} lines, more than {LINES_MAX}: probably two nouns")

    def check_source(self, file):
        text = file.read_text()
        place = file.relative_to(self.root).as_posix()
        module = self.module_of(file)
        if file.suffix == ".hpp" and "#pragma once" not in text:
            self.fault(file, "has no #pragma once")
        if module is not None and module not in self.uses:
            self.fault(file, f"lies in '{module}', which is no module")
            return
        for bracket, name in INCLUDE.findall(text):
            meant = self.module_meant(bracket, name)
            if module is not None and meant is not None and meant not in self.allowed(module):
                self.fault(file, f"includes {name}, but '{module}' does not use '{meant}'")
            if bracket == '"' and meant != module and module is not None:
                self.fault(file, f"includes {name}, a private header of '{meant}'"
                           if meant else f'includes "{name}": not by its place in src/')
            if place.startswith("jobs/") and name.startswith("mpibatch/") and name != "mpibatch/job.hpp":
                self.fault(file, f"includes {name}: a job program may use mpibatch/job.hpp only")
            for pattern, places in PLACES.items():
                if re.fullmatch(pattern, name) and not place.startswith(tuple(places)):
                    self.fault(file, f"includes {name}: its place is {places[0]}")
            if file.suffix == ".hpp" and re.fullmatch(ONLY_IN_SOURCES, name):
                self.fault(file, f"includes {name}: slow to compile, in .cpp files only")


class ThisRepository(unittest.TestCase):
    def test_keeps_its_layout(self):
        layout = Layout(os.environ.get("MPIBATCH_SOURCE",
                                       pathlib.Path(__file__).resolve().parents[2]))
        self.assertGreater(len(layout.uses), 5)
        self.assertEqual(layout.faults, [], "\n" + "\n".join(layout.faults))


class Check(unittest.TestCase):
    """The check itself: each kind of fault in a tree made for it."""

    def faults(self, **files):
        with tempfile.TemporaryDirectory() as root:
            tree = {"src/base/CMakeLists.txt": "mpibatch_module(base LIBRARIES fmt)",
                    "src/model/CMakeLists.txt": "mpibatch_module(model USES base LIBRARIES json)",
                    "src/plan/CMakeLists.txt": "mpibatch_module(plan USES model)", **files}
            for name, text in tree.items():
                file = pathlib.Path(root, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return Layout(root).faults

    def assert_fault(self, expected, **files):
        faults = self.faults(**files)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(expected, faults[0])

    def test_accepts_what_is_declared(self):
        self.assertEqual([], self.faults(**{
            "src/plan/a.cpp": '#include "plan/a.hpp"\n#include <vector>\n#include <mpibatch/base/x.hpp>',
            "src/plan/a.hpp": "#pragma once\n#include <mpibatch/model/x.hpp>\n"}))

    def test_sees_an_undeclared_module(self):
        self.assert_fault("'base' does not use 'model'",
                          **{"src/base/a.cpp": "#include <mpibatch/model/x.hpp>\n"})
        self.assert_fault("'model' does not use 'plan'",
                          **{"include/mpibatch/model/a.hpp":
                             "#pragma once\n#include <mpibatch/plan/x.hpp>\n"})

    def test_sees_a_private_header_of_another_module(self):
        self.assert_fault("a private header of 'model'",
                          **{"src/plan/a.cpp": '#include "model/x.hpp"\n'})

    def test_sees_a_cycle(self):
        faults = self.faults(**{"src/base/CMakeLists.txt": "mpibatch_module(base USES plan)"})
        self.assertTrue(any("use each other" in fault for fault in faults), faults)

    def test_sees_a_library_out_of_its_place(self):
        self.assert_fault("its place is src/transport/mpi/",
                          **{"src/plan/a.cpp": "#include <mpi.h>\n"})
        self.assert_fault("in .cpp files only",
                          **{"src/plan/a.hpp": "#pragma once\n#include <nlohmann/json.hpp>\n"})

    def test_sees_a_job_program_that_uses_more_than_its_header(self):
        self.assert_fault("mpibatch/job.hpp only",
                          **{"jobs/x/a.cpp": "#include <mpibatch/base/x.hpp>\n"})

    def test_sees_a_long_file_and_a_header_without_guard(self):
        self.assert_fault("has 401 lines", **{"src/plan/a.cpp": "\n" * 401})
        self.assert_fault("has no #pragma once", **{"src/plan/a.hpp": "int x();\n"})


if __name__ == "__main__":
    unittest.main()
