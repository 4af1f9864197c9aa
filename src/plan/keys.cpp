#include "plan/keys.hpp"

#include <algorithm>
#include <unordered_map>

#include "plan/hash.hpp"

namespace mpibatch::plan {

std::vector<std::uint64_t> repeated_hashes(std::vector<std::uint64_t> hashes) {
  std::sort(hashes.begin(), hashes.end());
  std::size_t kept = 0;
  for (std::size_t i = 1; i < hashes.size(); ++i)
    if (hashes[i] == hashes[i - 1] && (kept == 0 || hashes[kept - 1] != hashes[i]))
      hashes[kept++] = hashes[i];
  hashes.resize(kept);
  return hashes;
}

std::vector<RepeatedKey> repeated_keys(const model::PlannedJob& job, std::size_t most) {
  const model::KeyWriter keys(job);
  std::vector<std::uint64_t> hashes(job.spec.size);
  for (model::ChildIndex child = 0; child < job.spec.size; ++child)
    hashes[child] = stable_hash(keys.key(child));
  const std::vector<std::uint64_t> repeated = repeated_hashes(std::move(hashes));
  if (repeated.empty()) return {};
  // Equal hashes need not be equal keys: now the keys themselves, of these few.
  std::vector<RepeatedKey> found;
  std::unordered_map<std::string, std::size_t> places;  // in `found`
  for (model::ChildIndex child = 0; child < job.spec.size; ++child) {
    std::string key = keys.key(child);
    if (!std::binary_search(repeated.begin(), repeated.end(), stable_hash(key))) continue;
    const auto place = places.find(key);
    if (place == places.end()) {
      // Bounded: a sheet in which every key stands twice must not be held a second time.
      if (found.size() == most * 2) continue;
      places.emplace(key, found.size());
      found.push_back({std::move(key), child, child, 1});
    } else {
      RepeatedKey& one = found[place->second];
      if (++one.count == 2) one.second = child;
    }
  }
  std::erase_if(found, [](const RepeatedKey& one) { return one.count < 2; });
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace mpibatch::plan
