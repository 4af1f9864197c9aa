#include <fmt/format.h>

#include <algorithm>

#include <mpibatch/model/ranges.hpp>

#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

// The columns that say which child a row is of: as many as these children need.
class NameColumns {
 public:
  explicit NameColumns(const std::vector<ChildView>& children) {
    for (const ChildView& child : children) {
      array_ = array_ || child.array;
      keys_ = keys_ || (child.array && child.key != std::to_string(child.index));
    }
  }
  std::vector<Column> columns() const {
    std::vector<Column> columns{{"JOB"}};
    if (array_) columns.push_back({"INDEX", Align::Right});
    if (keys_) columns.push_back({"KEY"});
    return columns;
  }
  std::vector<std::string> cells(const ChildView& child) const {
    std::vector<std::string> cells{child.job};
    if (array_) cells.push_back(std::to_string(child.index));
    if (keys_) cells.push_back(child.key);
    return cells;
  }

 private:
  bool array_ = false;
  bool keys_ = false;
};

template <class Item>
void append(std::vector<Item>& to, std::vector<Item> more) {
  for (Item& one : more) to.push_back(std::move(one));
}

// The row of an attempt; of a child that has none, its own state and reason.
std::vector<std::string> attempt_cells(const ChildView& child, const store::Attempt* attempt) {
  if (attempt == nullptr) return {"", "", "", "", "", "", "", child.reason};
  std::string wall;
  std::string cpu;
  std::string memory;
  if (attempt->end) {
    const model::Usage& usage = attempt->end->usage;
    wall = duration_text(usage.wall);
    cpu = duration_text(usage.user + usage.system);
    memory = used_memory_text(usage.memory_max_kib);
  }
  return {std::to_string(attempt->attempt),
          model::to_string(attempt->node),
          time_text(attempt->started_at),
          wall,
          cpu,
          memory,
          exit_text(*attempt),
          reason_text(*attempt)};
}

std::vector<std::string> usage_cells(const store::Attempt& attempt, std::uint32_t vcpus) {
  const model::Usage& usage = attempt.end->usage;
  return {std::to_string(attempt.attempt),
          model::to_string(attempt.node),
          model::to_string(model::ranges_of(attempt.cpus)),
          std::to_string(vcpus),
          duration_text(usage.wall),
          duration_text(usage.user),
          duration_text(usage.system),
          percent_text(cpu_efficiency(usage, vcpus)),
          used_memory_text(usage.memory_max_kib),
          exit_text(attempt)};
}

}  // namespace

std::string children_text(const std::vector<ChildView>& children) {
  const NameColumns names(children);
  std::vector<Column> columns = names.columns();
  append(columns, {{"STATUS"},
                   {"ATTEMPT", Align::Right},
                   {"NODE"},
                   {"STARTED"},
                   {"WALL", Align::Right},
                   {"CPU", Align::Right},
                   {"MEMORY", Align::Right},
                   {"EXIT", Align::Right},
                   {"REASON"}});
  Table table(std::move(columns));
  for (const ChildView& child : children) {
    const std::size_t rows = std::max<std::size_t>(child.attempts.size(), 1);
    for (std::size_t row = 0; row < rows; ++row) {
      std::vector<std::string> cells = names.cells(child);
      // What an earlier attempt came to is not the child's status.
      cells.emplace_back(row + 1 == rows ? model::to_string(child.status) : "");
      append(cells, attempt_cells(child, child.attempts.empty() ? nullptr : &child.attempts[row]));
      table.add(std::move(cells));
    }
  }
  return table.text();
}

std::string attempts_usage_text(const std::vector<ChildView>& children) {
  const NameColumns names(children);
  std::vector<Column> columns = names.columns();
  append(columns, {{"ATTEMPT", Align::Right},
                   {"NODE"},
                   {"CPUS"},
                   {"VCPUS", Align::Right},
                   {"WALL", Align::Right},
                   {"USER", Align::Right},
                   {"SYSTEM", Align::Right},
                   {"CPU-EFF", Align::Right},
                   {"MEMORY", Align::Right},
                   {"EXIT", Align::Right}});
  Table table(std::move(columns));
  for (const ChildView& child : children)
    for (const store::Attempt& attempt : child.attempts) {
      if (!has_usage(attempt)) continue;
      std::vector<std::string> cells = names.cells(child);
      append(cells, usage_cells(attempt, vcpus_of(attempt, child.vcpus)));
      table.add(std::move(cells));
    }
  return table.text();
}

}  // namespace mpibatch::cli
