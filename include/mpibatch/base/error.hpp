// What a caller can act on comes back as a Result; a message says what, where and what to do.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace mpibatch {

enum class ErrorKind {
  Usage,     // the user's plan, option or request is wrong
  NotFound,  // a file, job or run does not exist
  Busy,      // somebody else holds it: another rank 0, another starter
  Damaged,   // a file's bytes are not what was written
  System,    // the operating system refused: disk full, no permission
  Closed,    // the peer has gone
};

struct Error {
  ErrorKind kind = ErrorKind::System;
  std::string message;
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

// The text of an errno, with what was tried: `cannot open 'x': No such file or directory`.
tl::unexpected<Error> fail_errno(const std::string& what, int error_number);

}  // namespace mpibatch
