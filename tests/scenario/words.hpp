// The words of one line of a script, taken from left to right.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/node.hpp>
#include <mpibatch/model/ranges.hpp>

namespace mpibatch::scenario {

// The script itself is wrong, not what it tests.
struct ScriptError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Words {
 public:
  explicit Words(const std::string& line);  // "…" holds a word with blanks together

  bool empty() const { return at_ == words_.size(); }
  const std::string& peek() const;
  std::string next();
  bool take(const std::string& word);  // if it is the next one
  void end() const;                    // nothing may be left

  std::uint64_t number();
  double fraction();                // "0.125"
  Duration duration();              // "30s", "200ms", "5m", with or without a leading +
  model::Ranges children();         // "0-3,5"
  model::GrantId grant();           // "1.2"
  model::NodeName node();           // "n1", or "n1/1" for the second share
  std::vector<std::string> list();  // "a,b,c"
  // The value, if the next word is `name=value`.
  bool take_value(const std::string& name, std::string& value);

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

}  // namespace mpibatch::scenario
