// Attempts as they start, print and end, from segments that grow: each look reads what was appended
// since the one before. For readers; no lock, any host.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/store/attempts.hpp>
#include <mpibatch/store/fold.hpp>

namespace mpibatch::store {

// What was not asked for is not looked at: leave those functions empty.
struct AttemptEvents {
  std::function<void(const Attempt&)> started;
  std::function<void(const Attempt&, Stream, std::string_view)> printed;
  std::function<void(const Attempt&, const OutputCut&)> cut;
  std::function<void(const Attempt&)> ended;
};

class AttemptWatch {
 public:
  AttemptWatch(const FileSystem& files, StateFolder folder, AttemptFilter filter);
  ~AttemptWatch();
  // One thread. Of a segment that cannot be read, after some tries, the error is added to
  // `problems`, once. `state` is of the same run and the same plan each time.
  Result<void> look(const Fold& state, const AttemptEvents& events,
                    std::vector<std::string>& problems);
  // Why segments could not be read at the last look, and are tried again at the next one. Who does
  // not look again says it now.
  std::vector<std::string> unread() const;
  // The attempts whose ends were not seen yet; `stop` is how far their segments were read.
  void for_each_open(const Fold& state, const std::function<void(const Attempt&)>& take) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mpibatch::store
