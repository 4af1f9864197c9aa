// What a child waits for.
#include <fmt/format.h>

#include <algorithm>

#include "scheduler/explain.hpp"
#include "scheduler/shortage.hpp"

namespace mpibatch::scheduler {

namespace {

using State = Scheduler::State;
using model::DependencyType;

constexpr std::size_t kNamedMax = 3;  // children that a line names
constexpr std::size_t kEdgesMax = 5;  // dependencies that have a line of their own

std::string_view condition(DependencyType type) {
  switch (type) {
    case DependencyType::All:
      break;
    case DependencyType::Sequential:
      return " (SEQUENTIAL)";
    case DependencyType::NToN:
      return " (N_TO_N)";
    case DependencyType::Match:
      return " (MATCH)";
    case DependencyType::AfterAny:
      return " (AFTER_ANY)";
    case DependencyType::AfterFailure:
      return " (AFTER_FAILURE)";
  }
  return "";
}

// Whether an edge lets those pass whose awaited child is in this state.
bool passed(DependencyType type, ChildState awaited) {
  const bool any = type == DependencyType::AfterAny || type == DependencyType::AfterFailure;
  return any ? model::terminal(awaited) : model::good(awaited);
}

// The children of the awaited job that this one waits for by this edge, all that are wanted.
model::Ranges awaited_children(const State& state, const Edges::Edge& edge, ChildIndex index) {
  switch (edge.type) {
    case DependencyType::NToN:
      return {{index, index + 1}};
    case DependencyType::Sequential:
      return index == 0 ? model::Ranges{} : model::Ranges{{index - 1, index}};
    case DependencyType::Match: {
      const model::MatchGroups& groups = state.matches[edge.match].groups;
      std::vector<ChildIndex> members;
      for (ChildIndex child = 0; child < groups.awaited.size(); ++child)
        if (groups.awaited[child] == groups.waiting[index] &&
            groups.awaited[child] != model::kNoGroup)
          members.push_back(child);
      return model::ranges_of(std::move(members));
    }
    case DependencyType::All:
    case DependencyType::AfterAny:
    case DependencyType::AfterFailure:
      break;
  }
  if (edge.child != model::kAllChildren) return {{edge.child, edge.child + 1}};
  return {{0, state.job(edge.job).size}};
}

struct Missing {
  std::uint64_t of = 0;
  std::uint64_t left = 0;
  std::vector<ChildIndex> first;
};

Missing missing_of(const State& state, const Edges::Edge& edge, ChildIndex index) {
  const JobState& awaited = state.job(edge.job);
  const model::Ranges children = awaited_children(state, edge, index);
  Missing missing;
  missing.of = model::count(children);
  model::for_each(children, [&](ChildIndex child) {
    if (passed(edge.type, state.child(awaited, child).state())) return;
    ++missing.left;
    if (missing.first.size() < kNamedMax) missing.first.push_back(child);
  });
  return missing;
}

std::string text_of(const State& state, const Edges::Edge& edge, const Missing& missing) {
  const JobState& awaited = state.job(edge.job);
  const auto with_state = [&](ChildIndex child) {
    return fmt::format("{} ({})", child_name(state, edge.job, child),
                       model::to_string(model::status_of(state.child(awaited, child).state())));
  };
  if (missing.of == 1)
    return fmt::format("waits for {}{}", with_state(missing.first.front()), condition(edge.type));
  std::string names;
  for (const ChildIndex child : missing.first)
    names += (names.empty() ? "" : ", ") + with_state(child);
  if (missing.left > missing.first.size()) names += ", …";
  return fmt::format("waits for {}{}: {} of {} children are left: {}", state.names.name(edge.job),
                     condition(edge.type), missing.left, missing.of, names);
}

template <class Function>
void each_edge(const State& state, JobId id, Function function) {
  state.edges.awaited_by(id, [&](Edges::Edge edge) {
    if (edge.type == DependencyType::Sequential) edge.job = id;
    function(edge);
  });
}

}  // namespace

void explain_dependencies(const Scheduler&, const State& state, JobId id, ChildIndex index,
                          Lines& lines) {
  std::size_t shown = 0;
  std::uint64_t more = 0;
  each_edge(state, id, [&](const Edges::Edge& edge) {
    const Missing missing = missing_of(state, edge, index);
    if (missing.left == 0) return;
    if (shown++ < kEdgesMax) {
      lines.push_back(text_of(state, edge, missing));
    } else {
      ++more;
    }
  });
  if (more > 0)
    lines.push_back(fmt::format("waits for {} beside these", counted(more, "other job")));
}

void explain_failed_dependency(const Scheduler& core, const State& state, JobId id,
                               ChildIndex index, Lines& lines) {
  std::size_t shown = 0;
  each_edge(state, id, [&](const Edges::Edge& edge) {
    if (edge.type == DependencyType::AfterAny || edge.type == DependencyType::AfterFailure) return;
    const JobState& awaited = state.job(edge.job);
    std::uint64_t failed = 0;
    ChildIndex first = 0;
    model::for_each(awaited_children(state, edge, index), [&](ChildIndex child) {
      if (model::failed(state.child(awaited, child).state()) && failed++ == 0) first = child;
    });
    if (failed == 0 || shown++ >= kNamedMax) return;
    lines.push_back(
        fmt::format("it depends on {}{}: {}{}", child_name(state, edge.job, first),
                    condition(edge.type), state_text(core, state, edge.job, first),
                    failed > 1 ? fmt::format("; {} more failed there", failed - 1) : ""));
  });
}

}  // namespace mpibatch::scheduler
