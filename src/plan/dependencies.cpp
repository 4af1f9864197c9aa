#include "plan/dependencies.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>

#include "plan/children.hpp"
#include "plan/match.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

using Places = std::unordered_map<std::string_view, std::size_t>;

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

// What a jobId names: a job of the plan, or one of its children.
struct Target {
  std::string job;
  std::optional<std::string> child;
};

Target target_of(const std::string& job_id) {
  const std::size_t colon = job_id.find(':');
  if (colon == std::string::npos) return {job_id, std::nullopt};
  return {job_id.substr(0, colon), job_id.substr(colon + 1)};
}

std::optional<std::size_t> find_job(const std::string& name, const Path& path,
                                    const model::Plan& plan, const Places& places,
                                    const Report& report) {
  const auto place = places.find(name);
  if (place != places.end()) return place->second;
  report.add_unknown(path, "job", name, [&] {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
      const auto first = places.find(plan.jobs[i].spec.name);
      if (first != places.end() && first->second == i) known.push_back(plan.jobs[i].spec.name);
    }
    return known;
  });
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

using Type = model::DependencyType;

std::optional<Type> read_type(const JsonValue& entry, const Path& path, const Report& report) {
  static constexpr std::string_view kWords[] = {"SEQUENTIAL", "N_TO_N", "MATCH", "AFTER_ANY",
                                                "AFTER_FAILURE"};
  static constexpr Type kTypes[] = {Type::Sequential, Type::NToN, Type::Match, Type::AfterAny,
                                    Type::AfterFailure};
  const JsonValue* value = entry.find("type");
  if (!value) return Type::All;
  const auto text = read_string(*value, path.field("type"), report);
  if (!text) return std::nullopt;
  const auto* word = std::find(std::begin(kWords), std::end(kWords), *text);
  if (word != std::end(kWords)) return kTypes[word - std::begin(kWords)];
  report.add(path.field("type"), "'" + *text + "' must be " + join(kWords) + " or left out");
  return std::nullopt;
}

// Of one job.
class JobEdges {
 public:
  JobEdges(model::Plan& plan, std::size_t index, const Places& places, const ChildFinder& children,
           const Report& report)
      : plan_(plan),
        index_(index),
        job_(plan.jobs[index]),
        places_(places),
        children_(children),
        report_(report) {}

  void read(const JsonValue& entry, const Path& path) {
    static constexpr std::string_view kSupported[] = {"jobId", "type", "parameters"};
    if (!read_object(entry, path, {kSupported, {}, {}}, report_)) return;
    const auto type = read_type(entry, path, report_);
    const JsonValue* parameters = entry.find("parameters");
    if (parameters && type && *type != Type::Match)
      report_.add(path.field("parameters"), "are what MATCH compares: leave them out");
    const JsonValue* id = entry.find("jobId");
    if (type == Type::Sequential) {
      if (id)
        report_.add(path.field("jobId"),
                    "SEQUENTIAL is about the job's own children: leave 'jobId' out");
      if (!job_.spec.array)
        report_.add(path.field("type"),
                    "SEQUENTIAL is for arrays; '" + job_.spec.name + "' has no arrayProperties");
      add({static_cast<model::JobId>(index_), *type});
      return;
    }
    if (!id) {
      if (type) report_.add(path, "'jobId' is missing");
      return;
    }
    const auto text = read_string(*id, path.field("jobId"), report_);
    if (!text) return;
    const Target target = target_of(*text);
    const auto place = find_job(target.job, path.field("jobId"), plan_, places_, report_);
    if (!place || !type) return;
    model::Dependency dependency{static_cast<model::JobId>(*place), *type};
    if (target.child && !set_child(*target.child, *place, path, dependency)) return;
    if (*type == Type::NToN && *place != index_)
      check_pairs(job_, plan_.jobs[*place], path, report_);
    if (*type == Type::Match)
      add_match(entry, path, dependency);
    else
      add(dependency);
  }

 private:
  bool set_child(const std::string& child, std::size_t place, const Path& path,
                 model::Dependency& dependency) {
    const model::PlannedJob& other = plan_.jobs[place];
    const Path at = path.field("jobId");
    if (dependency.type == Type::NToN || dependency.type == Type::Match) {
      report_.add(
          at, "names one child; N_TO_N and MATCH are about all: write '" + other.spec.name + "'");
      return false;
    }
    if (!other.spec.array) {
      report_.add(at, "'" + other.spec.name + "' is no array and has no children: write '" +
                          other.spec.name + "'");
      return false;
    }
    if (other.spec.size == 0) return false;  // what is wrong there is reported
    const auto found = children_.child(place, child);
    if (!found) {
      report_.add(at, "'" + other.spec.name + "' has no child '" + child +
                          "', neither by key nor by index (" + std::to_string(other.spec.size) +
                          " children; the first is '" + model::key_of(other, 0) + "')");
      return false;
    }
    dependency.child = *found;
    return true;
  }

  void add_match(const JsonValue& entry, const Path& path, model::Dependency dependency) {
    const JsonValue* value = require_field(entry, "parameters", path, report_);
    if (!value) return;
    const Path place = path.field("parameters");
    const std::size_t errors = report_.errors().size();
    std::vector<std::string> names = read_strings(*value, place, report_);
    const model::PlannedJob& other = plan_.jobs[model::number_of(dependency.job)];
    if (names.empty() && report_.errors().size() == errors)
      report_.add(place, "is empty: it names what must be equal");
    std::sort(names.begin(), names.end());
    if (std::adjacent_find(names.begin(), names.end()) != names.end())
      report_.add(place, "'" + *std::adjacent_find(names.begin(), names.end()) + "' stands twice");
    for (const model::PlannedJob* one : {static_cast<const model::PlannedJob*>(&job_), &other}) {
      if (one->spec.array && one->spec.size == 0) return;  // what is wrong there is reported
      if (!one->parameters) {
        report_.add(path.field("type"), "MATCH compares parameters of two arrays' children; '" +
                                            one->spec.name + "' has none");
        continue;
      }
      const std::vector<std::string>& known = one->parameters->names();
      for (const std::string& name : names)
        if (std::find(known.begin(), known.end(), name) == known.end())
          report_.add(place, "'" + name + "' is no parameter of '" + one->spec.name +
                                 "' that differs from child to child" + known_names(name, known));
    }
    if (report_.errors().size() > errors || &job_ == &other) {
      if (&job_ == &other) add(dependency);  // a circle, which is reported
      return;
    }
    if (!matches_.insert({dependency.job, names}).second) return;
    auto groups = match_children(job_, other, names, place, report_);
    if (!groups) return;
    dependency.match = static_cast<std::uint32_t>(job_.spec.matches.size());
    job_.spec.matches.push_back(std::move(*groups));
    add(dependency);
  }

  void add(const model::Dependency& dependency) {
    if (seen_.insert(dependency).second) job_.spec.depends_on.push_back(dependency);
  }

  model::Plan& plan_;
  std::size_t index_;
  model::PlannedJob& job_;
  const Places& places_;
  const ChildFinder& children_;
  const Report& report_;
  std::set<model::Dependency> seen_;
  std::set<std::pair<model::JobId, std::vector<std::string>>> matches_;
};

// Notes the children that the plan's dependencies name.
void want_children(const JsonArray& jobs, const Places& places, ChildFinder& children) {
  for (const JsonValue& job : jobs) {
    const JsonValue* list = job.find("dependsOn");
    const auto* array = list ? list->as<JsonArray>() : nullptr;
    for (std::size_t i = 0; array && i < array->size(); ++i) {
      const JsonValue* id = (*array)[i].find("jobId");
      const auto* text = id ? id->as<std::string>() : nullptr;
      if (!text) continue;
      const Target target = target_of(*text);
      const auto place = target.child ? places.find(target.job) : places.end();
      if (place != places.end()) children.want(place->second, *target.child);
    }
  }
}

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
  ChildFinder children(plan);
  want_children(jobs, places, children);
  children.search();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const JsonValue* list = jobs[i].find("dependsOn");
    if (!list) continue;
    const Path item = path.item(i);
    const Path place = item.field("dependsOn");
    const JsonArray* array = read_array(*list, place, report);
    JobEdges edges(plan, i, places, children, report);
    for (std::size_t d = 0; array && d < array->size(); ++d) edges.read((*array)[d], place.item(d));
  }
  CycleSearch(plan, path, report).run();
}

}  // namespace mpibatch::plan
