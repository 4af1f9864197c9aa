#include "plan/task_list.hpp"

#include <algorithm>
#include <unordered_map>

#include "plan/csv.hpp"
#include "plan/hash.hpp"
#include "plan/keys.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

std::string_view line_at(std::string_view text, std::size_t offset) {
  std::string_view line = text.substr(offset);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_task(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] != '#';
}

std::string numbered(std::string_view line, std::uint32_t number) {
  return std::string(line) + "#" + std::to_string(number);
}

bool check_bytes(std::string_view text, const Report& report) {
  const std::size_t nul = text.find('\0');
  const auto fault = nul == std::string_view::npos ? utf8_fault(text) : nul;
  if (!fault) return true;
  report.add("line " + std::to_string(LineCounter(text).line(*fault)),
             *fault == nul ? "holds a NUL byte: no command could be given it" : "is not UTF-8");
  return false;
}

}  // namespace

std::shared_ptr<const TaskList> TaskList::read(std::shared_ptr<const std::string> content,
                                               const Report& report) {
  const std::string_view text = *content;
  if (!check_bytes(text, report)) return nullptr;
  std::shared_ptr<TaskList> list(new TaskList);
  const std::size_t mark = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  for (std::size_t at = mark; at < text.size(); at = std::min(text.find('\n', at), text.size()) + 1)
    if (is_task(line_at(text, at))) list->offsets_.push_back(at);
  if (list->offsets_.empty()) {
    report.add("", "holds no task: every line is blank or begins with '#'");
    return nullptr;
  }
  if (list->offsets_.size() > model::kChildrenMax) {
    report.add("", "holds " + std::to_string(list->offsets_.size()) + " tasks; at most " +
                       std::to_string(model::kChildrenMax) + " are possible");
    return nullptr;
  }
  list->offsets_.shrink_to_fit();
  list->digest_ = std::max<std::uint64_t>(stable_hash(text.substr(mark)), 1);
  list->content_ = std::move(content);
  list->number_equal_lines();
  return list;
}

void TaskList::number_equal_lines() {
  std::vector<std::uint64_t> hashes(rows());
  for (model::ChildIndex row = 0; row < rows(); ++row) hashes[row] = stable_hash(line(row));
  const std::vector<std::uint64_t> repeated = repeated_hashes(hashes);
  if (repeated.empty()) return;
  std::vector<std::uint64_t> all = hashes;
  std::sort(all.begin(), all.end());
  std::unordered_map<std::string_view, std::uint32_t> last_numbers;
  for (model::ChildIndex row = 0; row < rows(); ++row) {
    if (!std::binary_search(repeated.begin(), repeated.end(), hashes[row])) continue;
    const auto [last, first] = last_numbers.try_emplace(line(row), 1);
    if (first) continue;
    // A line may itself end in `#2`: its key is its own.
    do {
      ++last->second;
    } while (
        std::binary_search(all.begin(), all.end(), stable_hash(numbered(line(row), last->second))));
    repeats_.emplace_back(row, last->second);
  }
}

std::string_view TaskList::line(model::ChildIndex row) const {
  return line_at(*content_, offsets_[row]);
}

std::vector<std::string> TaskList::values(model::ChildIndex row) const {
  return {std::string(line(row))};
}

std::optional<std::string> TaskList::key(model::ChildIndex row) const {
  const auto repeat = std::lower_bound(repeats_.begin(), repeats_.end(),
                                       std::pair<model::ChildIndex, std::uint32_t>{row, 0});
  if (repeat == repeats_.end() || repeat->first != row) return std::string(line(row));
  return numbered(line(row), repeat->second);
}

}  // namespace mpibatch::plan
