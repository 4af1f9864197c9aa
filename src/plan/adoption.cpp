#include <mpibatch/plan/adoption.hpp>

#include <algorithm>
#include <map>
#include <unordered_map>

namespace mpibatch::plan {

namespace {

using model::ChildIndex;

// Values by name, so that columns may change their order.
class ValueReader {
 public:
  explicit ValueReader(const model::PlannedJob& job) : table_(job.parameters.get()) {
    if (!table_) return;
    for (std::size_t i = 0; i < table_->names().size(); ++i) order_.push_back(i);
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return table_->names()[a] < table_->names()[b];
    });
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const std::size_t i : order_) names.push_back(table_->names()[i]);
    return names;
  }
  std::vector<std::string> values(ChildIndex child) const {
    if (!table_) return {};
    std::vector<std::string> given = table_->values(child);
    std::vector<std::string> sorted;
    sorted.reserve(order_.size());
    for (const std::size_t i : order_) sorted.push_back(std::move(given[i]));
    return sorted;
  }

 private:
  const model::ParameterTable* table_;
  std::vector<std::size_t> order_;
};

bool same_table(const model::PlannedJob& old_job, const model::PlannedJob& new_job) {
  if (old_job.parameters == new_job.parameters) return true;
  if (!old_job.parameters || !new_job.parameters) return false;
  const std::uint64_t digest = new_job.parameters->digest();
  return digest != 0 && digest == old_job.parameters->digest();
}

void append(model::Ranges& ranges, ChildIndex begin, ChildIndex end) {
  if (begin == end) return;
  if (!ranges.empty() && ranges.back().end == begin)
    ranges.back().end = end;
  else
    ranges.push_back({begin, end});
}

// Compares one job's children before and after. Children that keep their index need no look-up.
class ChildMatcher {
 public:
  ChildMatcher(const model::PlannedJob& old_job, const model::PlannedJob& new_job,
               bool rerun_changed, JobAdoption& report)
      : old_(old_job),
        new_(new_job),
        rerun_changed_(rerun_changed),
        report_(report),
        old_keys_(old_job),
        new_keys_(new_job),
        old_values_(old_job),
        new_values_(new_job),
        same_names_(old_values_.names() == new_values_.names()) {}

  std::vector<model::Move> match() {
    const ChildIndex shorter = std::min(old_.spec.size, new_.spec.size);
    const bool without_table = !old_.parameters && !new_.parameters;
    if (without_table || (same_table(old_, new_) && old_.key_template == new_.key_template)) {
      take(0, 0, shorter, false);
      append(report_.removed, shorter, old_.spec.size);
      report_.added = new_.spec.size - shorter;
    } else {
      match_by_key(shorter);
    }
    return std::move(moves_);
  }

 private:
  void match_by_key(ChildIndex shorter) {
    ChildIndex same = 0;
    while (same < shorter && old_keys_.key(same) == new_keys_.key(same))
      compare_and_take(same++, 0);
    std::unordered_map<std::string, ChildIndex> left;
    left.reserve(old_.spec.size - same);
    for (ChildIndex child = same; child < old_.spec.size; ++child)
      left.emplace(old_keys_.key(child), child);
    for (ChildIndex child = same; child < new_.spec.size; ++child) {
      const auto found = left.find(new_keys_.key(child));
      if (found == left.end()) {
        ++report_.added;
        continue;
      }
      compare_and_take(found->second, std::int64_t{child} - found->second);
      left.erase(found);
    }
    std::vector<ChildIndex> removed;
    removed.reserve(left.size());
    for (const auto& [key, child] : left) removed.push_back(child);
    report_.removed = model::ranges_of(std::move(removed));
  }

  void compare_and_take(ChildIndex from, std::int64_t shift) {
    const auto to = static_cast<ChildIndex>(from + shift);
    const bool changed = !same_names_ || old_values_.values(from) != new_values_.values(to);
    take(from, to, 1, changed);
  }

  // `to` only ever rises; `from` does not.
  void take(ChildIndex from, ChildIndex to, ChildIndex count, bool changed) {
    if (count == 0) return;
    if (changed) append(report_.values_changed, to, to + count);
    if (rerun_changed_ && (changed || report_.definition_changed)) {
      for (ChildIndex i = 0; i < count; ++i) redone_.push_back(from + i);
      return;
    }
    report_.kept += count;
    if (!moves_.empty() && moves_.back().from + moves_.back().count == from &&
        moves_.back().to + moves_.back().count == to)
      moves_.back().count += count;
    else
      moves_.push_back({from, to, count});
  }

 public:
  model::Ranges redone() { return model::ranges_of(std::move(redone_)); }

 private:
  const model::PlannedJob& old_;
  const model::PlannedJob& new_;
  bool rerun_changed_;
  JobAdoption& report_;
  model::KeyWriter old_keys_;
  model::KeyWriter new_keys_;
  ValueReader old_values_;
  ValueReader new_values_;
  bool same_names_;
  std::vector<model::Move> moves_;
  std::vector<ChildIndex> redone_;
};

std::vector<model::Move> match_children(const model::PlannedJob& old_job,
                                        const model::PlannedJob& new_job, bool rerun_changed,
                                        JobAdoption& report) {
  report.known = true;
  report.definition_changed = old_job.spec.digest != new_job.spec.digest;
  if (old_job.spec.array != new_job.spec.array) {
    // An only child has no key: it is none of an array's.
    append(report.removed, 0, old_job.spec.size);
    report.added = new_job.spec.size;
    return {};
  }
  ChildMatcher matcher(old_job, new_job, rerun_changed, report);
  std::vector<model::Move> moves = matcher.match();
  report.redone = matcher.redone();
  return moves;
}

std::string children(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " child" : " children");
}

}  // namespace

std::string JobAdoption::text() const {
  const std::uint64_t gone = model::count(removed);
  const std::uint64_t again = model::count(redone);
  const std::uint64_t values = model::count(values_changed);
  if (!known) return "job '" + name + "' is new";
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (added > 0) add(std::to_string(added) + " new");
  if (gone > 0) add(std::to_string(gone) + " removed");
  if (values > 0) add(std::to_string(values) + " with other values");
  if (again > 0) add(std::to_string(again) + " to be done again");
  if (definition_changed) add("its definition has changed");
  if (text.empty()) return text;
  return "job '" + name + "': " + children(kept) + " kept, " + text;
}

Adoption adopt(const AdoptionInput& input) {
  Adoption adoption;
  adoption.fact.revision = input.revision;
  adoption.fact.rules = input.new_plan->rules;
  std::map<std::string_view, std::size_t> old_places;
  for (std::size_t i = 0; input.old_plan && i < input.old_plan->jobs.size(); ++i)
    old_places.emplace(input.old_plan->jobs[i].spec.name, i);
  std::uint32_t next = model::number_of(input.next_id);
  for (const model::PlannedJob& job : input.new_plan->jobs) {
    model::AdoptedJob adopted{{}, job.spec, {}};
    JobAdoption report;
    report.name = job.spec.name;
    const auto old_place = old_places.find(job.spec.name);
    if (old_place == old_places.end()) {
      adopted.id = static_cast<model::JobId>(next++);
      report.added = job.spec.size;
    } else {
      adopted.id = input.old_ids.at(old_place->second);
      adopted.kept =
          match_children(input.old_plan->jobs[old_place->second], job, input.rerun_changed, report);
      old_places.erase(old_place);
    }
    report.id = adopted.id;
    adoption.ids.push_back(adopted.id);
    adoption.jobs.push_back(std::move(report));
    adoption.fact.jobs.push_back(std::move(adopted));
  }
  for (model::AdoptedJob& job : adoption.fact.jobs)
    for (model::Dependency& dependency : job.spec.depends_on)
      dependency.job = adoption.ids.at(model::number_of(dependency.job));
  std::map<std::size_t, std::string_view> removed;  // in the old plan's order
  for (const auto& [name, place] : old_places) removed.emplace(place, name);
  for (const auto& [place, name] : removed)
    adoption.removed.push_back(
        {input.old_ids.at(place), std::string(name), input.old_plan->jobs[place].spec.size});
  adoption.next_id = static_cast<model::JobId>(next);
  return adoption;
}

}  // namespace mpibatch::plan
