// Lines out of pieces of output, and which of them are wanted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <mpibatch/base/error.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/store/segment.hpp>

namespace mpibatch::cli {

// A POSIX extended regular expression, on bytes.
class LinePattern {
 public:
  // Usage says what is wrong with it.
  static Result<LinePattern> compile(const std::string& text);
  bool matches(std::string_view line) const;  // a line may hold any byte

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

// Each stream of each attempt has lines of its own.
class LineJoiner {
 public:
  // A longer line is taken for several: memory stays bounded, whatever is printed.
  static constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;
  using TakeLine = std::function<void(std::string_view line)>;  // without its line feed

  void take(const model::ExecutionId& execution, store::Stream stream, std::string_view bytes,
            const TakeLine& take);
  // What has no line's end yet is a line.
  void end(const model::ExecutionId& execution, store::Stream stream, const TakeLine& take);

 private:
  std::map<std::pair<model::ExecutionId, store::Stream>, std::string> begun_;
};

}  // namespace mpibatch::cli
