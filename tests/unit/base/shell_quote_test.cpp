#include <mpibatch/base/shell_quote.hpp>

#include <cstdio>
#include <memory>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

TEST(ShellQuote, LeavesPlainWordsAlone) {
  for (const char* word : {"plan.json", "/a/b-c_d", "align:lr=0.1,seed=3", "a@b%c+d"})
    EXPECT_EQ(shell_quote(word), word);
}

TEST(ShellQuote, QuotesWhatAShellWouldChange) {
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quote("=ls"), "'=ls'");
  EXPECT_EQ(shell_quote("~"), "'~'");
  EXPECT_EQ(shell_quote("ä"), "'ä'");
}

TEST(ShellQuote, IsReadBackByAShell) {
  std::string word;
  for (char c = 1; c < 127; ++c) word.push_back(c);
  const std::string command = "printf %s " + shell_quote(word);
  const std::unique_ptr<FILE, int (*)(FILE*)> shell(::popen(command.c_str(), "r"), ::pclose);
  ASSERT_TRUE(shell);
  std::string read(word.size() + 1, '\0');
  read.resize(std::fread(read.data(), 1, read.size(), shell.get()));
  EXPECT_EQ(read, word);
}

}  // namespace
}  // namespace mpibatch
