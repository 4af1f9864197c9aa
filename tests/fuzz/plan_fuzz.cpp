#include "plan_fuzz.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <mpibatch/plan/adoption.hpp>
#include <mpibatch/plan/load.hpp>

#include "plan/json.hpp"
#include "plan/yaml.hpp"
#include "support/memory_filesystem.hpp"

namespace {

using namespace mpibatch;

constexpr model::ChildIndex kChildrenMax = 2'000;

#define EXPECT(condition) \
  if (!(condition)) fail(#condition, __LINE__)

[[noreturn]] void fail(const char* condition, int line) {
  std::fprintf(stderr, "plan_fuzz.cpp:%d: %s does not hold\n", line, condition);
  std::abort();
}

void write(FileSystem& files, const std::string& path, std::string_view content) {
  auto file = files.create_exclusive(path);
  EXPECT(file);
  EXPECT((*file)->append(content));
}

double number_of(const plan::JsonValue* value, double otherwise) {
  const auto* number = value ? value->as<plan::JsonNumber>() : nullptr;
  return number ? number->value : otherwise;
}

// A lower bound of a grid's points.
double points(const plan::JsonValue& grid) {
  double product = 1;
  const auto* dimensions = grid.as<plan::JsonObject>();
  for (std::size_t i = 0; dimensions && i < dimensions->size(); ++i) {
    const plan::JsonValue& dimension = (*dimensions)[i].second;
    const double way = number_of(dimension.find("stop"), 0) - number_of(dimension.find("start"), 0);
    const double step = number_of(dimension.find("step"), 1);
    if (dimension.as<plan::JsonObject>()) product *= step == 0 ? 1 : way / step + 1;
    if (const auto* list = dimension.as<plan::JsonArray>())
      product *= static_cast<double>(list->size());
  }
  return product < 0 ? -product : product;
}

// Long grids are legal and take their time: not here.
bool holds_long_grid(const plan::JsonValue& value) {
  if (const auto* array = value.as<plan::JsonArray>())
    for (const plan::JsonValue& item : *array)
      if (holds_long_grid(item)) return true;
  if (const auto* object = value.as<plan::JsonObject>())
    for (const auto& [name, field] : *object)
      if ((name == "parameterGrid" && points(field) > kChildrenMax) || holds_long_grid(field))
        return true;
  return false;
}

void check_same(const model::Plan& a, const model::Plan& b) {
  EXPECT(a.rules == b.rules);
  EXPECT(a.jobs.size() == b.jobs.size());
  for (std::size_t i = 0; i < a.jobs.size(); ++i) {
    EXPECT(a.jobs[i].spec == b.jobs[i].spec);
    EXPECT(a.jobs[i].execution == b.jobs[i].execution);
    EXPECT(a.jobs[i].key_template == b.jobs[i].key_template);
    EXPECT(a.jobs[i].expected == b.jobs[i].expected);
  }
}

void check_groups(const model::Plan& plan, const model::JobSpec& job) {
  for (const model::Dependency& dependency : job.depends_on) {
    EXPECT(model::number_of(dependency.job) < plan.jobs.size());
    const model::JobSpec& other = plan.jobs[model::number_of(dependency.job)].spec;
    EXPECT(dependency.child == model::kAllChildren || dependency.child < other.size);
    if (dependency.type != model::DependencyType::Match) continue;
    EXPECT(dependency.match < job.matches.size());
    const model::MatchGroups& match = job.matches[dependency.match];
    EXPECT(match.awaited.size() == other.size && match.waiting.size() == job.size);
    for (const std::uint32_t group : match.waiting) EXPECT(group < match.groups);
  }
}

void check_job(const model::Plan& plan, const model::PlannedJob& job) {
  EXPECT(job.spec.size >= 1 && job.spec.queue < plan.rules.queues.size());
  EXPECT(job.spec.retry.attempts >= 1 && job.spec.retry.attempts <= model::kAttemptsMax);
  check_groups(plan, job.spec);
  for (const model::ConsumableUse& use : job.spec.consumables)
    EXPECT(use.quantity <= plan.rules.consumables.at(use.consumable).total);
  if (job.spec.gang) {
    std::uint32_t node = 0;
    for (const model::GangRange& range : job.spec.gang->ranges) {
      EXPECT(range.begin == node && range.end > node);
      node = range.end;
    }
    EXPECT(node == job.spec.gang->nodes && job.spec.gang->main < node);
  }
  const model::KeyWriter keys(job);
  for (model::ChildIndex child = 0; child < std::min(job.spec.size, kChildrenMax); ++child) {
    const std::string key = keys.key(child);
    if (job.parameters)
      EXPECT(job.parameters->values(child).size() == job.execution.parameter_names.size());
    if (child < 3 && job.spec.size <= kChildrenMax) EXPECT(model::find_child(job, key) == child);
  }
}

void check(FileSystem& files, const plan::Loaded<plan::LoadedPlan>& loaded) {
  if (!loaded) {
    EXPECT(!loaded.error().empty());
    for (const plan::PlanError& error : loaded.error()) EXPECT(!error.message.empty());
    return;
  }
  const model::Plan& plan = loaded->plan;
  bool small = true;
  for (const model::PlannedJob& job : plan.jobs) {
    check_job(plan, job);
    small = small && job.spec.size <= kChildrenMax;
  }
  EXPECT(plan::save_copy(files, "/copy", *loaded));
  const auto copy = plan::load_copy(files, "/copy");
  EXPECT(copy);
  check_same(plan, copy->plan);
  if (!small) return;
  const plan::Adoption first = plan::adopt({nullptr, {}, &plan, {}, model::Revision{1}, false});
  const plan::Adoption again =
      plan::adopt({&plan, first.ids, &copy->plan, first.next_id, model::Revision{2}, true});
  EXPECT(again.ids == first.ids && again.removed.empty());
  for (std::size_t i = 0; i < plan.jobs.size(); ++i)
    EXPECT(again.jobs[i].kept == plan.jobs[i].spec.size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  testing::MemoryFileSystem files;
  EXPECT(files.make_folder("/f"));
  plan::TaskOptions options;
  switch (data[0] % 5) {
    case 0:
    case 1: {
      const bool yaml = data[0] % 5 == 1;
      const std::size_t end = std::min(input.find('\0'), input.size());
      const std::string_view text = input.substr(0, end);
      const std::string_view sheet = input.substr(std::min(end + 1, input.size()));
      const auto root = yaml ? plan::parse_yaml(text) : plan::parse_json(text);
      if (root && holds_long_grid(*root)) return 0;
      const std::string path = yaml ? "/f/plan.yaml" : "/f/plan.json";
      write(files, path, text);
      write(files, "/f/s.csv", sheet);
      write(files, "/f/s.tsv", sheet);
      check(files, plan::load_plan(files, path));
      break;
    }
    case 2:
    case 3: {
      const std::string path = data[0] % 5 == 2 ? "/f/s.csv" : "/f/s.tsv";
      write(files, path, input);
      options.command = {"x"};
      check(files, plan::load_sheet(files, path, options));
      break;
    }
    default:
      write(files, "/f/tasks", input);
      check(files, plan::load_tasks(files, "/f/tasks", options));
  }
  return 0;
}
