#include "store/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include <mpibatch/model/ranges.hpp>
#include <mpibatch/model/state.hpp>
#include <mpibatch/store/attempts.hpp>

namespace mpibatch::store {

namespace {

using model::JobId;
using Type = Column::Type;

constexpr std::size_t kStatusWidth = 9;  // SUBMITTED, SUCCEEDED
constexpr std::size_t kGrantWidth = 21;  // two 32-bit numbers and a dot
constexpr std::size_t kCpusWidth = 48;   // what is longer ends in an ellipsis

// "0-3,7"; empty where it was not bound.
std::string cpus_text(const std::vector<std::uint32_t>& cpus) {
  constexpr std::string_view kMore = ",...";
  std::string text = model::to_string(model::ranges_of(cpus));
  if (text.size() <= kCpusWidth) return text;
  const std::size_t last = text.rfind(',', kCpusWidth - kMore.size());
  return text.substr(0, last).append(kMore);
}

class Tables {
 public:
  Tables(Hdf5File& file, const Fold& state, const PlanTexts& texts)
      : file_(file), core_(state.scheduler), state_(state), texts_(texts) {
    for (std::uint32_t number = 0; number < core_.job_count(); ++number)
      if (core_.in_plan(JobId{number})) jobs_.push_back(JobId{number});
    job_width_ = widest(jobs_, [&](JobId job) { return core_.name(job); });
    queue_width_ =
        widest(core_.rules().queues, [](const model::Queue& queue) { return queue.name; });
    node_width_ = widest(
        core_.nodes(), [](const scheduler::NodeView& node) { return model::to_string(node.name); });
  }

  Result<void> jobs() {
    std::vector<Column> columns = {
        {"name", Type::Text, job_width_},
        {"status", Type::Text, kStatusWidth},
        {"statusReason", Type::Text,
         widest(jobs_, [&](JobId job) { return core_.status_reason(job); })},
        {"queue", Type::Text, queue_width_},
        {"array", Type::U8},
        {"size", Type::U32}};
    for (int status = 0; status < model::kJobStatuses; ++status)
      columns.push_back(
          {std::string(model::to_string(static_cast<model::JobStatus>(status))), Type::U32});
    for (Column column :
         {Column{"skipped", Type::U32}, Column{"vcpus", Type::U32}, Column{"memoryMiB", Type::U64},
          Column{"gpus", Type::U32}, Column{"priority", Type::U32}})
      columns.push_back(std::move(column));
    TableWriter table(file_, "/jobs", std::move(columns));
    for (const JobId job : jobs_) {
      const model::JobSpec spec = core_.spec(job);
      const scheduler::Counts counts = core_.counts(job);
      table.text(spec.name).text(model::to_string(core_.status(job)));
      table.text(core_.status_reason(job)).text(core_.rules().queues[spec.queue].name);
      table.number(spec.array).number(spec.size);
      for (const std::uint64_t count : by_status(counts)) table.number(count);
      table.number(counts[model::ChildState::Skipped]);
      table.number(spec.resources.vcpus).number(spec.resources.memory_mib);
      table.number(spec.resources.gpus).number(spec.priority);
      if (auto done = table.end_row(); !done) return done;
    }
    return table.finish();
  }

  Result<void> array_children() {
    std::size_t key_width = 1;
    for (const JobId job : jobs_)
      if (texts_.key)
        for_each_child(job, [&](model::ChildIndex child) {
          key_width = std::max(key_width, texts_.key(job, child).size());
        });
    std::vector<Column> columns = {{"job", Type::Text, job_width_}, {"index", Type::U32}};
    if (texts_.key) columns.push_back({"key", Type::Text, key_width});
    columns.push_back({"status", Type::Text, kStatusWidth});
    columns.push_back({"attemptsFailed", Type::U8});
    TableWriter table(file_, "/array_children", std::move(columns));
    Result<void> done;
    for (const JobId job : jobs_)
      for_each_child(job, [&](model::ChildIndex child) {
        if (!done) return;
        table.text(core_.name(job)).number(child);
        if (texts_.key) table.text(texts_.key(job, child));
        table.text(model::to_string(model::status_of(core_.state(job, child))));
        table.number(core_.attempts_failed(job, child));
        done = table.end_row();
      });
    return done ? table.finish() : done;
  }

  Result<void> attempts(const FileSystem& files, const StateFolder& folder) {
    TableWriter table(file_, "/attempts",
                      {{"job", Type::Text, job_width_},
                       {"index", Type::U32},
                       {"attempt", Type::U8},
                       {"node", Type::Text, node_width_},
                       {"cpus", Type::Text, kCpusWidth},
                       {"status", Type::Text, kStatusWidth},
                       {"startedAt", Type::I64},
                       {"stoppedAt", Type::I64},
                       {"exitCode", Type::I32},
                       {"wallSeconds", Type::F64},
                       {"userSeconds", Type::F64},
                       {"systemSeconds", Type::F64},
                       {"memoryMaxKiB", Type::U64},
                       {"grant", Type::Text, kGrantWidth},
                       {"reason", Type::LongText}});
    Result<void> done;
    std::vector<std::string> problems;  // a segment that cannot be read leaves its rows out
    auto read = for_each_attempt(
        files, folder, state_, {},
        [&](const Attempt& attempt) {
          if (done) done = attempt_row(table, attempt);
        },
        problems);
    if (!read) return read;
    return done ? table.finish() : done;
  }

  Result<void> nodes() {
    const auto nodes = core_.nodes();
    TableWriter table(file_, "/nodes",
                      {{"name", Type::Text, node_width_},
                       {"host", Type::Text, node_width_},
                       {"share", Type::U32},
                       {"present", Type::U8},
                       {"vcpus", Type::U32},
                       {"memoryMiB", Type::U64},
                       {"gpus", Type::U32},
                       {"vcpusGranted", Type::U32},
                       {"memoryMiBGranted", Type::U64},
                       {"gpusGranted", Type::U32},
                       {"instance", Type::Text, 16},
                       {"features", Type::LongText}});
    for (const scheduler::NodeView& node : nodes) {
      table.text(model::to_string(node.name)).text(node.name.host).number(node.name.share);
      table.number(node.present).number(node.capacity.vcpus).number(node.capacity.memory_mib);
      table.number(node.capacity.gpus).number(node.granted.vcpus);
      table.number(node.granted.memory_mib).number(node.granted.gpus);
      table.text(model::to_string(node.instance))
          .text(fmt::format("{}", fmt::join(node.features, ",")));
      if (auto done = table.end_row(); !done) return done;
    }
    return table.finish();
  }

  Result<void> queues() {
    TableWriter table(file_, "/queues",
                      {{"name", Type::Text, queue_width_}, {"priority", Type::U32}});
    for (const model::Queue& queue : core_.rules().queues) {
      table.text(queue.name).number(queue.priority);
      if (auto done = table.end_row(); !done) return done;
    }
    return table.finish();
  }

  // A row a job: a job may carry its definition with it, and then has its name.
  Result<void> job_definitions() {
    const auto name_of = [&](JobId job) {
      const std::string name = texts_.definition ? texts_.definition(job) : std::string();
      return name.empty() ? std::string(core_.name(job)) : name;
    };
    TableWriter table(file_, "/job_definitions",
                      {{"name", Type::Text, widest(jobs_, name_of)},
                       {"job", Type::Text, job_width_},
                       {"vcpus", Type::U32},
                       {"memoryMiB", Type::U64},
                       {"gpus", Type::U32},
                       {"attempts", Type::U32},
                       {"digest", Type::U64}});
    for (const JobId job : jobs_) {
      const model::JobSpec spec = core_.spec(job);
      table.text(name_of(job)).text(spec.name);
      table.number(spec.resources.vcpus).number(spec.resources.memory_mib);
      table.number(spec.resources.gpus);
      table.number(spec.retry.attempts).number(spec.digest);
      if (auto done = table.end_row(); !done) return done;
    }
    return table.finish();
  }

 private:
  template <class Items, class NameOf>
  static std::size_t widest(const Items& items, NameOf name_of) {
    std::size_t width = 1;
    for (const auto& item : items) width = std::max(width, name_of(item).size());
    return width;
  }

  template <class Function>
  void for_each_child(JobId job, Function function) {
    if (!core_.array(job)) return;
    const model::ChildIndex size = core_.size(job);
    for (model::ChildIndex child = 0; child < size; ++child) function(child);
  }

  static std::array<std::uint64_t, model::kJobStatuses> by_status(const scheduler::Counts& counts) {
    std::array<std::uint64_t, model::kJobStatuses> sums{};
    for (int state = 0; state < model::kChildStates; ++state) {
      const auto status = model::status_of(static_cast<model::ChildState>(state));
      sums[static_cast<std::size_t>(status)] += counts.of[static_cast<std::size_t>(state)];
    }
    return sums;
  }

  Result<void> attempt_row(TableWriter& table, const Attempt& attempt) {
    const auto ms = [](Instant at) { return static_cast<std::uint64_t>(to_us(at) / 1000); };
    const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
    const bool running = attempt.state == AttemptState::Running;
    const bool good = attempt.end && attempt.end->succeeded();
    const model::AttemptEnd end = attempt.end.value_or(model::AttemptEnd{});
    table.text(core_.name(attempt.execution.job)).number(attempt.child);
    table.number(attempt.attempt).text(model::to_string(attempt.node));
    table.text(cpus_text(attempt.cpus));
    table.text(running ? "RUNNING" : !attempt.end ? "UNKNOWN" : good ? "SUCCEEDED" : "FAILED");
    table.number(ms(attempt.started_at)).number(ms(end.stopped_at));
    table.number(attempt.end ? static_cast<std::uint64_t>(model::exit_code(end)) : 0);
    table.real(seconds(end.usage.wall)).real(seconds(end.usage.user));
    table.real(seconds(end.usage.system)).number(end.usage.memory_max_kib);
    table.text(model::to_string(attempt.execution.grant)).text(end.reason);
    return table.end_row();
  }

  Hdf5File& file_;
  const scheduler::Scheduler& core_;
  const Fold& state_;
  const PlanTexts& texts_;
  std::vector<JobId> jobs_;
  std::size_t job_width_ = 1;
  std::size_t queue_width_ = 1;
  std::size_t node_width_ = 1;
};

}  // namespace

Result<void> write_tables(Hdf5File& file, const FileSystem& files, const StateFolder& folder,
                          const Fold& state, const PlanTexts& texts) {
  Tables tables(file, state, texts);
  if (auto done = tables.jobs(); !done) return done;
  if (auto done = tables.array_children(); !done) return done;
  if (auto done = tables.attempts(files, folder); !done) return done;
  if (auto done = tables.nodes(); !done) return done;
  if (auto done = tables.queues(); !done) return done;
  return tables.job_definitions();
}

}  // namespace mpibatch::store
