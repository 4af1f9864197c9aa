// Reads the machine that the test runs on, from child processes with masks and limits of their own.
#include "topology/machine.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "topology/memory_limit.hpp"

namespace mpibatch::topology {
namespace {

bool set_affinity(const std::vector<std::uint32_t>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const std::uint32_t cpu : cpus) CPU_SET(cpu, &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

// What `work` says in a child process.
std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string answer = work();
    const ssize_t written = ::write(ends[1], answer.data(), answer.size());
    ::_exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string answer;
  char byte = 0;
  while (::read(ends[0], &byte, 1) == 1) answer.push_back(byte);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return answer;
}

std::string detected_cpus(bool launched_by_mpirun) {
  const auto allocation = detect({0, 1, {}, launched_by_mpirun});
  if (!allocation) return allocation.error().message;
  return fmt::format("{} of [{}], {} line(s)", allocation->capacity.vcpus,
                     fmt::join(allocation->cpus, " "),
                     allocation->notices.size() + allocation->remarks.size());
}

class OutsideSlurm : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("SLURM_JOB_ID"); }
  std::vector<std::uint32_t> own_ = affinity_of(0);
};
using Machine = OutsideSlurm;

TEST_F(Machine, DetectsWhatThisProcessMayUse) {
  const auto allocation = detect({});
  ASSERT_TRUE(allocation);
  auto cpus = allocation->cpus;
  std::sort(cpus.begin(), cpus.end());
  EXPECT_EQ(cpus, own_);
  EXPECT_EQ(allocation->capacity.vcpus, own_.size());
  EXPECT_EQ(allocation->steps.size() + 1, cpus.size());
  EXPECT_GT(allocation->capacity.memory_mib, 0U);
  EXPECT_LT(allocation->capacity.memory_mib, physical_memory_bytes() >> 20);
}

TEST_F(Machine, SeesOneCpuUnderTaskset) {
  const std::uint32_t last = own_.back();
  EXPECT_EQ(in_child([&] {
              set_affinity({last});
              return detected_cpus(false);
            }),
            fmt::format("1 of [{}], 0 line(s)", last));
}

TEST_F(Machine, WidensToWhatTheLauncherHas) {
  if (own_.size() < 2) GTEST_SKIP() << "one CPU is all there is";
  const std::string seen = in_child([&] {
    ::prctl(PR_SET_NAME, "mpirun");
    return in_child([&] {
      ::prctl(PR_SET_NAME, "rank");
      return in_child([&] {  // a script between the launcher and us
        set_affinity({own_[0]});
        return detected_cpus(true);
      });
    });
  });
  EXPECT_EQ(seen.substr(0, seen.find(' ')), std::to_string(own_.size()));
  EXPECT_NE(seen.find("1 line(s)"), std::string::npos) << seen;
}

TEST_F(Machine, SeesOneCpuWhereTheLauncherHasOne) {
  const std::string seen = in_child([&] {
    ::prctl(PR_SET_NAME, "mpirun");
    set_affinity({own_[0]});
    return in_child([] { return detected_cpus(true); });
  });
  EXPECT_EQ(seen, fmt::format("1 of [{}], 0 line(s)", own_[0]));
}

TEST_F(Machine, KnowsLaunchersByName) {
  for (const char* name : {"mpirun", "mpirun.openmpi", "orted", "prted", "hydra_pmi_proxy",
                           "mpiexec.hydra", "slurmstepd"})
    EXPECT_TRUE(is_launcher(name)) << name;
  for (const char* name : {"bash", "mpibatch", "sh", ""}) EXPECT_FALSE(is_launcher(name)) << name;
}

// A cgroup of this test's own below this process's, where the machine lets us make one.
class MemoryCgroup {
 public:
  explicit MemoryCgroup(std::uint64_t limit_bytes) {
    for (const LimitFile& file :
         limit_files(read_text("/proc/self/cgroup"), read_text("/proc/self/mountinfo"))) {
      const std::string name = file.path.substr(file.path.rfind('/'));
      const std::string path =
          fmt::format("{}/mpibatch-test-{}", file.path.substr(0, file.path.rfind('/')), ::getpid());
      if (::mkdir(path.c_str(), 0755) != 0) continue;
      path_ = path;
      if (std::ofstream(path + name) << limit_bytes << std::flush) return;
      remove();
    }
  }
  ~MemoryCgroup() { remove(); }
  bool made() const { return !path_.empty(); }
  bool join() const {
    return static_cast<bool>(std::ofstream(path_ + "/cgroup.procs") << ::getpid() << std::flush);
  }

 private:
  void remove() {
    if (!path_.empty()) ::rmdir(path_.c_str());
    path_.clear();
  }
  std::string path_;
};

TEST_F(Machine, TakesACgroupsMemoryLimitForItsMemory) {
  constexpr std::uint64_t kLimit = std::uint64_t{1000} << 20;
  const MemoryCgroup cgroup(kLimit);
  if (!cgroup.made()) GTEST_SKIP() << "no memory cgroup can be made here";
  const std::string seen = in_child([&] {
    if (!cgroup.join()) return std::string("cannot join");
    const auto allocation = detect({});
    return allocation ? fmt::format("{} {}", allocation->capacity.memory_mib, allocation->words)
                      : allocation.error().message;
  });
  if (seen == "cannot join") GTEST_SKIP() << "the memory cgroup cannot be joined";
  EXPECT_EQ(seen.substr(0, 4), "950 ") << seen;
  EXPECT_NE(seen.find("memory limit of cgroup "), std::string::npos) << seen;
}

}  // namespace
}  // namespace mpibatch::topology
