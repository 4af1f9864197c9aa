// What commands print: data to stdout, what went wrong to stderr; and numbers as people read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/time.hpp>

namespace mpibatch::cli {

// To stdout, all of it. Closed where nobody reads any more.
Result<void> print(std::string_view text);

// What is too long to be put together before it is printed: add to text(), and say often that it
// may go.
class Printout {
 public:
  std::string& text() { return text_; }
  Result<void> print_much();  // once it is worth a write
  Result<void> print_rest();

 private:
  std::string text_;
};

// Says it on stderr and gives the exit code: 2 where the user asked for what cannot be, 1 where the
// system or the run's files failed.
int report(const Error& error);
int print_or_report(std::string_view text);
void warn(std::string_view message);  // on stderr

// For commands that only read: `mpibatch logs JOB | head` ends without a word, whatever the parent
// process does about SIGPIPE.
void end_with_the_reader();

// Without line breaks and other control characters, which would spoil a table or the terminal.
std::string printable(std::string_view text);

std::string time_text(Instant at);                         // local time; empty for the zero Instant
std::string duration_text(Duration duration);              // "0.12 s", "3:07 min", "26:10 h"
std::string memory_text(std::uint64_t kib);                // "812 KiB", "1.2 GiB"
std::string used_memory_text(std::uint64_t kib);           // empty for 0: it is unknown then
std::string percent_text(std::optional<double> fraction);  // "14 %"; empty for none

// "1 job", "3 jobs".
std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural = {});

}  // namespace mpibatch::cli
