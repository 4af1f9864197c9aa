#include "plan/dependencies.hpp"

#include <algorithm>
#include <map>

#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

using Places = std::map<std::string_view, std::size_t>;

Places places_of_names(const model::Plan& plan, const Path& path, const Report& report) {
  Places places;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const std::string& name = plan.jobs[i].spec.name;
    if (name.empty()) continue;  // reported
    const auto [place, added] = places.try_emplace(name, i);
    if (added) continue;
    const Path item = path.item(i);
    report.add(item.field("jobName"),
               "job '" + name + "' is there twice, see " + path.item(place->second).text());
  }
  return places;
}

std::optional<std::size_t> find_job(const std::string& name, const Path& path,
                                    const model::Plan& plan, const Places& places,
                                    const Report& report) {
  const auto place = places.find(name);
  if (place != places.end()) return place->second;
  const std::size_t colon = name.find(':');
  if (colon != std::string::npos && places.count(std::string_view(name).substr(0, colon)) > 0) {
    report.add(path, "'" + name + "' names one child; that is not supported yet");
    return std::nullopt;
  }
  // Looking for near names takes long where there are many: not for errors that nobody will see.
  if (report.errors().size() > Errors::kErrorsPerFileMax) {
    report.add(path, "job '" + name + "' is unknown");
    return std::nullopt;
  }
  std::vector<std::string> known;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const auto first = places.find(plan.jobs[i].spec.name);
    if (first != places.end() && first->second == i) known.push_back(plan.jobs[i].spec.name);
  }
  report.add(path, "job '" + name + "' is unknown" + known_names(name, known));
  return std::nullopt;
}

void check_pairs(const model::PlannedJob& job, const model::PlannedJob& other, const Path& path,
                 const Report& report) {
  if (job.spec.size == 0 || other.spec.size == 0) return;  // what is wrong there is reported
  for (const model::PlannedJob* one : {&job, &other})
    if (!one->spec.array)
      report.add(path.field("type"), "N_TO_N joins the children of two arrays; '" + one->spec.name +
                                         "' has no arrayProperties");
  if (job.spec.array && other.spec.array && job.spec.size != other.spec.size)
    report.add(path.field("type"), "N_TO_N needs arrays of one size: '" + job.spec.name + "' has " +
                                       std::to_string(job.spec.size) + " children, '" +
                                       other.spec.name + "' " + std::to_string(other.spec.size));
}

std::optional<model::DependencyType> read_type(const JsonValue& entry, const Path& path,
                                               const Report& report) {
  const JsonValue* value = entry.find("type");
  if (!value) return model::DependencyType::All;
  const auto text = read_string(*value, path.field("type"), report);
  if (!text) return std::nullopt;
  if (*text == "SEQUENTIAL") return model::DependencyType::Sequential;
  if (*text == "N_TO_N") return model::DependencyType::NToN;
  for (const char* later : {"MATCH", "AFTER_ANY", "AFTER_FAILURE"}) {
    if (*text != later) continue;
    report.add(path.field("type"), "'" + *text + "' is not supported yet");
    return std::nullopt;
  }
  report.add(path.field("type"), "'" + *text + "' must be SEQUENTIAL, N_TO_N or left out");
  return std::nullopt;
}

struct Resolver {
  model::Plan& plan;
  const Places& places;
  const Report& report;

  void read(std::size_t index, const JsonValue& entry, const Path& path) const {
    static constexpr std::string_view kSupported[] = {"jobId", "type"};
    static constexpr std::string_view kRefused[] = {"parameters"};
    if (!read_object(entry, path, {kSupported, kRefused, {}}, report)) return;
    model::PlannedJob& job = plan.jobs[index];
    const auto type = read_type(entry, path, report);
    const JsonValue* id = entry.find("jobId");
    if (type == model::DependencyType::Sequential) {
      if (id)
        report.add(path.field("jobId"),
                   "SEQUENTIAL is about the job's own children: leave "
                   "'jobId' out");
      if (!job.spec.array)
        report.add(path.field("type"),
                   "SEQUENTIAL is for arrays; '" + job.spec.name + "' has no arrayProperties");
      add(job, {static_cast<model::JobId>(index), *type});
      return;
    }
    if (!id) {
      if (type) report.add(path, "'jobId' is missing");
      return;
    }
    const auto name = read_string(*id, path.field("jobId"), report);
    const auto place =
        name ? find_job(*name, path.field("jobId"), plan, places, report) : std::nullopt;
    if (!place || !type) return;
    if (*type == model::DependencyType::NToN && *place != index)
      check_pairs(job, plan.jobs[*place], path, report);
    add(job, {static_cast<model::JobId>(*place), *type});
  }

  static void add(model::PlannedJob& job, model::Dependency dependency) {
    auto& all = job.spec.depends_on;
    if (std::find(all.begin(), all.end(), dependency) == all.end()) all.push_back(dependency);
  }
};

// Finds a way from a job back to itself, each waiting for the next.
class CycleSearch {
 public:
  CycleSearch(const model::Plan& plan, const Path& path, const Report& report)
      : plan_(plan), path_(path), report_(report), marks_(plan.jobs.size(), Mark::New) {}

  void run() {
    for (std::size_t i = 0; i < plan_.jobs.size(); ++i)
      if (marks_[i] == Mark::New) walk(i);
  }

 private:
  enum class Mark : std::uint8_t { New, Open, Done };
  struct Step {
    std::size_t job = 0;
    std::size_t next = 0;  // of its dependencies
  };

  // A stack of its own: a chain may be as long as the plan.
  void walk(std::size_t from) {
    std::vector<Step> stack{{from, 0}};
    marks_[from] = Mark::Open;
    while (!stack.empty()) {
      const std::size_t job = stack.back().job;
      const auto& dependencies = plan_.jobs[job].spec.depends_on;
      if (stack.back().next == dependencies.size()) {
        marks_[job] = Mark::Done;
        stack.pop_back();
        continue;
      }
      const model::Dependency& dependency = dependencies[stack.back().next++];
      if (dependency.type == model::DependencyType::Sequential) continue;
      const std::size_t other = model::number_of(dependency.job);
      if (marks_[other] == Mark::Open) print(stack, other);
      if (marks_[other] != Mark::New) continue;
      marks_[other] = Mark::Open;
      stack.push_back({other, 0});
    }
  }

  void print(const std::vector<Step>& stack, std::size_t back_to) const {
    constexpr std::size_t kShownMax = 50;
    auto step = std::find_if(stack.begin(), stack.end(),
                             [&](const Step& one) { return one.job == back_to; });
    const auto length = static_cast<std::size_t>(stack.end() - step);
    std::string text;
    for (std::size_t i = 0; step != stack.end(); ++step, ++i) {
      if (i == kShownMax) text += "… (" + std::to_string(length) + " jobs) → ";
      if (i < kShownMax) text += plan_.jobs[step->job].spec.name + " → ";
    }
    const Path item = path_.item(back_to);
    report_.add(item.field("dependsOn"),
                "jobs wait for each other: " + text + plan_.jobs[back_to].spec.name);
  }

  const model::Plan& plan_;
  const Path& path_;
  const Report& report_;
  std::vector<Mark> marks_;
};

}  // namespace

void resolve_dependencies(const JsonArray& jobs, const Path& path, model::Plan& plan,
                          const Report& report) {
  const Places places = places_of_names(plan, path, report);
  const Resolver resolver{plan, places, report};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const JsonValue* list = jobs[i].find("dependsOn");
    if (!list) continue;
    const Path item = path.item(i);
    const Path place = item.field("dependsOn");
    const JsonArray* array = read_array(*list, place, report);
    for (std::size_t d = 0; array && d < array->size(); ++d)
      resolver.read(i, (*array)[d], place.item(d));
  }
  CycleSearch(plan, path, report).run();
}

}  // namespace mpibatch::plan
