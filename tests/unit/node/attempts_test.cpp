// Real processes that behave badly: each ends with a clear reason and leaves nothing behind.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "unit/node/attempt_driver.hpp"

namespace mpibatch::node {
namespace {

using model::EndKind;

TEST(Attempts, CaptureBothStreamsAndTheExitCode) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.end().kind, EndKind::Exited);
  EXPECT_EQ(driver.end().code, 3);
  EXPECT_EQ(driver.text(), "out\n");
  EXPECT_EQ(driver.errors(), "err\n");
}

TEST(Attempts, KillGrandchildrenWithSessionsOfTheirOwn) {
  AttemptDriver driver;
  ASSERT_TRUE(
      driver.start_script("setsid sleep 1000 & setsid bash -c 'setsid sleep 1000 & sleep 1000' & "
                          "(sleep 1000 &) ; sleep 1000 & echo started; exit 0"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_TRUE(driver.end().succeeded());
  EXPECT_EQ(driver.left_at_end, 0);
  EXPECT_EQ(driver.left_over(), 0);
}

TEST(Attempts, KillADaemonThatGaveUpItsEnvironment) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("env -i setsid sleep 98765 & exit 0"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_TRUE(ChildList().read().empty());
}

TEST(Attempts, LeaveAnotherAttemptsDaemonAlone) {
  AttemptDriver driver;
  ASSERT_TRUE(
      driver.start_script("(setsid sleep 1000 & echo $! > daemon); read -t 1000 <> "
                          "<(sleep 1000); exit 0"));
  const auto longer = driver.last;
  ASSERT_TRUE(driver.until([&] {
    return std::filesystem::exists(driver.folder.path("daemon")) && driver.left_over() >= 2;
  }));
  ASSERT_TRUE(driver.start_script("exit 0"));
  ASSERT_TRUE(driver.until_ended());
  int daemon = 0;
  std::ifstream(driver.folder.path("daemon")) >> daemon;
  ASSERT_GT(daemon, 0);
  const auto info = read_process(daemon);
  ASSERT_TRUE(info.has_value());
  EXPECT_FALSE(info->ended());
  driver.processes.signal(longer, EndSignal::Kill);
  ASSERT_TRUE(driver.until([&] { return driver.ends.contains(longer); }));
  EXPECT_EQ(driver.left_over(), 0);
}

TEST(Attempts, KillWhatIgnoresSigterm) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("trap '' TERM; echo ready; while :; do sleep 0.1; done"));
  ASSERT_TRUE(driver.until([&] { return driver.text() == "ready\n"; }));
  driver.processes.signal(driver.last, EndSignal::Term);
  driver.turn(50);
  EXPECT_FALSE(driver.ends.contains(driver.last));
  driver.processes.signal(driver.last, EndSignal::Kill);
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.end().kind, EndKind::Signaled);
  EXPECT_EQ(driver.end().code, SIGKILL);
  EXPECT_EQ(driver.left_over(), 0);
}

TEST(Attempts, TerminateAStoppedProcess) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("echo $$ > pid; kill -STOP $$; sleep 1000"));
  ASSERT_TRUE(driver.until([&] {
    int pid = 0;
    std::ifstream(driver.folder.path("pid")) >> pid;
    const auto info = pid > 0 ? read_process(pid) : std::nullopt;
    return info && info->state == 'T';
  }));
  driver.processes.signal(driver.last, EndSignal::Term);
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.end().code, SIGTERM);
  EXPECT_EQ(driver.end().reason, "killed by signal 15: Terminated");
}

TEST(Attempts, TakeAHundredMegabytesOfOutput) {
  AttemptDriver driver;
  driver.keep_text = false;
  ASSERT_TRUE(driver.start(driver.job({"head", "-c", "100000000", "/dev/zero"})));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_TRUE(driver.end().succeeded());
  EXPECT_EQ(driver.bytes_printed, 100'000'000U);
}

// A process that needs less than we do is charged with our memory: what is said then says nothing.
TEST(Attempts, AreToldTheirMemoryOnlyWhereItIsTheirOwn) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start(driver.job({"true"})));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.end().usage.memory_max_kib, 0U);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "with shadow memory we need more than any attempt here";
#endif
  constexpr std::uint64_t kMuchKib = 400'000;
  ASSERT_TRUE(driver.start_script("head -c 500000000 /dev/zero | tail -c 409600000 > /dev/null"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_GE(driver.end().usage.memory_max_kib, kMuchKib);
}

TEST(Attempts, BlockWhileNobodyReads) {
  AttemptDriver driver;
  driver.set_reading(false);
  ASSERT_TRUE(driver.start_script("echo start >&2; head -c 1000000 /dev/zero; echo done > done"));
  for (int i = 0; i < 5; ++i) driver.turn(10);
  EXPECT_EQ(driver.bytes_printed, 0U);
  EXPECT_FALSE(std::filesystem::exists(driver.folder.path("done")));
  driver.set_reading(true);
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.text().size(), 1'000'000U);
}

TEST(Attempts, KeepBinaryZeros) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start(driver.job({"printf", "a\\0b\\0\\377"})));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.text(), std::string("a\0b\0\377", 5));
}

TEST(Attempts, EndWithTheMainProcessNotWithItsDescriptors) {
  AttemptDriver driver;
  ASSERT_TRUE(
      driver.start_script("exec 1>&- 2>&-; echo > closed; read -t 0.2 < <(sleep 1); exit 4"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_TRUE(std::filesystem::exists(driver.folder.path("closed")));
  EXPECT_EQ(driver.end().code, 4);
}

TEST(Attempts, PrintToThePipesOfTheOneBefore) {
  AttemptDriver driver;
  const auto pipes_of_the_next = [&driver] {
    EXPECT_TRUE(driver.start_script("readlink /proc/$$/fd/1 /proc/$$/fd/2 | sort"));
    EXPECT_TRUE(driver.until_ended());
    return driver.text();
  };
  const std::string first = pipes_of_the_next();
  EXPECT_TRUE(first.starts_with(driver.folder.path("pipes/")));
  EXPECT_EQ(pipes_of_the_next(), first);
}

TEST(Attempts, GetPipesThatNobodyElseWritesTo) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("echo $$; while [ ! -e go ]; do sleep 0.01; done"));
  ASSERT_TRUE(driver.until([&] { return driver.text().ends_with("\n"); }));
  // As an ssh master is given one, which is no child of ours and may keep it.
  const std::string pid = driver.text().substr(0, driver.text().size() - 1);
  UniqueFd kept(::open(("/proc/" + pid + "/fd/1").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(static_cast<bool>(kept));
  driver.folder.write("go", "");
  ASSERT_TRUE(driver.until_ended());
  ASSERT_TRUE(driver.start_script("echo mine; while [ -e go ]; do sleep 0.01; done"));
  ASSERT_TRUE(driver.until([&] { return !driver.text().empty(); }));
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  EXPECT_LT(::write(kept.get(), "not mine\n", 9), 0);
  ::signal(SIGPIPE, before);
  std::filesystem::remove(driver.folder.path("go"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.text(), "mine\n");
}

TEST(Attempts, FindAProgramAgainThatHasMoved) {
  AttemptDriver driver;
  for (const char* name : {"a", "b"}) std::filesystem::create_directory(driver.folder.path(name));
  driver.surroundings.environment = {
      {"PATH", driver.folder.path("a") + ":" + driver.folder.path("b")}};
  driver.apply();
  const std::string tool = driver.folder.write("a/tool", "#!/bin/sh\nexit 5\n", 0755);
  const auto job = driver.job({"tool"});
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(driver.start(job));
    ASSERT_TRUE(driver.until_ended());
    EXPECT_EQ(driver.end().code, 5);
    if (times == 0) std::filesystem::rename(tool, driver.folder.path("b/tool"));
  }
  std::filesystem::remove(driver.folder.path("b/tool"));
  const auto gone = driver.start(job);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, 127);
}

TEST(Attempts, ReadNothingFromStdin) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("cat; echo end of input"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.text(), "end of input\n");
}

TEST(Attempts, NameAMissingProgramAndItsPath) {
  AttemptDriver driver;
  const auto started = driver.start(driver.job({"no-such-program-anywhere"}));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, 127);
  EXPECT_EQ(started.error().reason,
            "command not found on here: 'no-such-program-anywhere' "
            "(PATH=/usr/local/bin:/usr/bin:/bin)");
  EXPECT_EQ(driver.processes.running(), 0U);
}

TEST(Attempts, NameAFileThatIsNotExecutable) {
  AttemptDriver driver;
  driver.folder.write("script", "echo hi\n", 0644);
  const auto started = driver.start(driver.job({"./script"}));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, 126);
  EXPECT_EQ(started.error().reason, "not executable on here: './script'; try chmod +x");
}

TEST(Attempts, NameAMissingInterpreter) {
  AttemptDriver driver;
  driver.folder.write("script", "#!/no/such/interpreter\n", 0755);
  const auto started = driver.start(driver.job({"./script"}));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, 127);
  EXPECT_NE(started.error().reason.find("interpreter"), std::string::npos);
  EXPECT_EQ(driver.processes.running(), 0U);
}

TEST(Attempts, NameAMissingWorkingDirectory) {
  AttemptDriver driver;
  model::JobTemplate job = driver.job({"true"});
  job.working_directory = "/no/such/folder";
  const auto started = driver.start(std::move(job));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, 125);
  EXPECT_EQ(started.error().reason,
            "working directory '/no/such/folder' on here: No such file or directory");
}

TEST(Attempts, RunAScriptWithoutInterpreterLineByAShell) {
  AttemptDriver driver;
  driver.folder.write("script", "echo \"ran $1\"\n", 0755);
  ASSERT_TRUE(driver.start(driver.job({"./script", "well"})));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.text(), "ran well\n");
}

TEST(Attempts, SayWhichSignalKilledThem) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("kill -SEGV $$"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.end().kind, EndKind::Signaled);
  EXPECT_EQ(driver.end().code, SIGSEGV);
  EXPECT_EQ(driver.end().reason, "killed by signal 11: Segmentation fault");
}

TEST(Attempts, GetFolderUmaskLimitsAndCleanSignals) {
  AttemptDriver driver;
  driver.surroundings.umask = 027;
  driver.surroundings.limits = {{RLIMIT_NOFILE, 123, 456}};
  driver.apply();
  ::signal(SIGPIPE, SIG_DFL);
  ASSERT_TRUE(driver.start_script(
      "pwd; umask; ulimit -Sn; ulimit -Hn; grep -E 'Sig(Blk|Ign)' /proc/self/status; "
      "ls /proc/self/fd | wc -l"));
  ASSERT_TRUE(driver.until_ended());
  // `ls` itself has one descriptor more than the three that it was given.
  EXPECT_EQ(driver.text(), driver.folder.path() +
                               "\n0027\n123\n456\nSigBlk:\t0000000000000000\n"
                               "SigIgn:\t0000000000000000\n4\n");
}

TEST(Attempts, GiveEachAnEmptyTmpFolderAndRemoveIt) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("echo $TMPDIR; echo x > $TMPDIR/x; mkdir -m 500 $TMPDIR/d"));
  ASSERT_TRUE(driver.until_ended());
  const std::string first = driver.text();
  ASSERT_TRUE(driver.start_script("echo $TMPDIR; ls -A $TMPDIR | wc -l; stat -c %a $TMPDIR"));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_NE(driver.text().find("\n0\n700\n"), std::string::npos);
  EXPECT_NE(driver.text().substr(0, first.size()), first);
}

TEST(Attempts, KeepTheTmpFolderWhereAsked) {
  AttemptDriver driver;
  model::JobTemplate job = driver.job({"touch", "Ref::{file}"});
  job.parameters = {{"file", "kept"}};
  job.working_directory = driver.folder.path("user/tmp");
  job.keep_tmp = true;
  ASSERT_TRUE(driver.start(job));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_TRUE(
      std::filesystem::exists(driver.folder.path("user/tmp/" + model::to_string(driver.last))));
}

TEST(Attempts, RunTaskLinesAsMakeDoes) {
  AttemptDriver driver;
  model::JobTemplate line = driver.job({"Ref::{line}"});
  line.task_line = true;
  line.parameter_names = {"line"};
  ASSERT_TRUE(driver.start(line, {"echo plain  words"}));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.text(), "plain words\n");
  ASSERT_TRUE(driver.start(line, {"a=7; echo \"$a\" | tr 7 8"}));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.text(), "8\n");
  ASSERT_TRUE(driver.start(line, {"no-such-program"}));  // the shell says it
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(driver.end().code, 127);
}

TEST(Attempts, KillAllLeavesNothing) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("setsid sleep 1000 & trap '' TERM; echo; sleep 1000"));
  const auto first = driver.last;
  ASSERT_TRUE(driver.start_script("sleep 1000"));
  driver.processes.kill_all();
  EXPECT_TRUE(driver.until([&] { return driver.ends.size() == 2; }));
  EXPECT_EQ(driver.ends.at(first).code, SIGKILL);
  EXPECT_EQ(driver.left_over(), 0);
}

}  // namespace
}  // namespace mpibatch::node
