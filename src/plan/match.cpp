#include "plan/match.hpp"

#include <algorithm>

#include "plan/hash.hpp"

namespace mpibatch::plan {

namespace {

using model::ChildIndex;
using Values = std::vector<std::string>;

// The values that are compared, of any child.
class Chosen {
 public:
  Chosen(const model::ParameterTable& table, const std::vector<std::string>& parameters)
      : table_(table) {
    const std::vector<std::string>& names = table.names();
    for (const std::string& name : parameters)
      columns_.push_back(
          static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin()));
  }
  Values values(ChildIndex child) const {
    Values all = table_.values(child);
    Values chosen;
    chosen.reserve(columns_.size());
    for (const std::size_t column : columns_) chosen.push_back(all[column]);
    return chosen;
  }
  static std::uint64_t hash(const Values& values, std::uint64_t seed) {
    for (const std::string& value : values) seed = stable_hash(value, seed);
    return seed;
  }

 private:
  const model::ParameterTable& table_;
  std::vector<std::size_t> columns_;
};

struct Entry {
  std::uint64_t hash = 0;
  ChildIndex child = 0;
};

// Children are found by hashes, 12 bytes each, and not by a copy of their values: arrays may be
// long. Equal hashes are compared; should other values ever have one, all starts again with another
// seed.
class Matcher {
 public:
  Matcher(const model::PlannedJob& waiting, const model::PlannedJob& awaited,
          const std::vector<std::string>& parameters, const Path& path, const Report& report)
      : waiting_job_(waiting),
        awaited_size_(awaited.spec.size),
        parameters_(parameters),
        path_(path),
        report_(report),
        waiting_(*waiting.parameters, parameters),
        awaited_(*awaited.parameters, parameters) {}

  std::optional<model::MatchGroups> match() {
    for (seed_ = 1; !try_match(); ++seed_) groups_ = {};
    if (unmatched_ > 0) return std::nullopt;
    return std::move(groups_);
  }

 private:
  bool try_match() {
    unmatched_ = 0;
    entries_.resize(awaited_size_);
    for (ChildIndex child = 0; child < awaited_size_; ++child)
      entries_[child] = {Chosen::hash(awaited_.values(child), seed_), child};
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      return a.hash != b.hash ? a.hash < b.hash : a.child < b.child;
    });
    groups_.awaited.assign(awaited_size_, model::kNoGroup);
    groups_.waiting.assign(waiting_job_.spec.size, model::kNoGroup);
    std::vector<ChildIndex> missing;
    for (ChildIndex child = 0; child < waiting_job_.spec.size; ++child) {
      const Values values = waiting_.values(child);
      const std::uint64_t hash = Chosen::hash(values, seed_);
      auto entry = std::lower_bound(entries_.begin(), entries_.end(), hash,
                                    [](const Entry& one, std::uint64_t h) { return one.hash < h; });
      if (entry == entries_.end() || entry->hash != hash) {
        missing.push_back(child);
        continue;
      }
      std::uint32_t& group = groups_.awaited[entry->child];
      if (group == model::kNoGroup) {
        if (!number(entry, values)) return false;
      } else if (awaited_.values(entry->child) != values) {
        return false;
      }
      groups_.waiting[child] = group;
    }
    for (const ChildIndex child : missing) complain(child);
    return true;
  }

  // Gives a new group to all that have this hash; false if they are not of one value.
  bool number(std::vector<Entry>::const_iterator entry, const Values& values) {
    const std::uint64_t hash = entry->hash;
    for (; entry != entries_.end() && entry->hash == hash; ++entry) {
      if (awaited_.values(entry->child) != values) return false;
      groups_.awaited[entry->child] = groups_.groups;
    }
    ++groups_.groups;
    return true;
  }

  void complain(ChildIndex child) {
    constexpr std::size_t kShownMax = 20;
    ++unmatched_;
    if (unmatched_ == kShownMax + 1) report_.add(path_, "there are more children without a match");
    if (unmatched_ > kShownMax) return;
    const Values values = waiting_.values(child);
    std::string text;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      text += (i > 0 ? ", " : "") + parameters_[i] + " '" + values[i] + "'";
    report_.add(path_, "nothing has " + text + ", which '" + waiting_job_.spec.name + ":" +
                           model::key_of(waiting_job_, child) + "' waits for");
  }

  const model::PlannedJob& waiting_job_;
  ChildIndex awaited_size_;
  const std::vector<std::string>& parameters_;
  const Path& path_;
  const Report& report_;
  Chosen waiting_;
  Chosen awaited_;
  std::uint64_t seed_ = 0;
  std::vector<Entry> entries_;
  model::MatchGroups groups_;
  std::size_t unmatched_ = 0;
};

}  // namespace

std::optional<model::MatchGroups> match_children(const model::PlannedJob& waiting,
                                                 const model::PlannedJob& awaited,
                                                 const std::vector<std::string>& parameters,
                                                 const Path& path, const Report& report) {
  return Matcher(waiting, awaited, parameters, path, report).match();
}

}  // namespace mpibatch::plan
