#include <mpibatch/base/error.hpp>

#include <cerrno>
#include <system_error>

namespace mpibatch {
namespace {

ErrorKind kind_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return ErrorKind::NotFound;
    case EEXIST:
      return ErrorKind::Busy;
    default:
      return ErrorKind::System;
  }
}

// What the user can do about it, where the system's own text leaves that open.
const char* advice(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return ": the disk is full; free some space and run again";
    case EDQUOT:
      return ": your disk quota is used up; free some space and run again";
    default:
      return "";
  }
}

}  // namespace

tl::unexpected<Error> fail_errno(const std::string& what, int error_number) {
  // generic_category's text is thread-safe, as strerror's is not.
  return fail(kind_of(error_number),
              what + ": " + std::generic_category().message(error_number) + advice(error_number));
}

}  // namespace mpibatch
