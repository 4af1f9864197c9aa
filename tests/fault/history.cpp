#include "history.hpp"

namespace mpibatch::fault {

std::uint64_t History::wrote() const {
  std::uint64_t all = 0;
  for (const auto& [epoch, facts] : facts_) all += facts.size();
  return all;
}

void History::committed(model::Epoch epoch, std::uint64_t count) {
  const std::vector<model::Fact>& facts = facts_[epoch];
  if (count > facts.size()) throw Violation{"more facts are safe than were written"};
  for (std::uint64_t& told = told_[epoch]; told < count; ++told) {
    truth_.committed(facts[told]);
    committed_.apply(facts[told]);
    for (const ChildName& child : committed_.take_reopened()) truth_.reopened(child);
  }
}

void History::settled(const std::vector<store::SegmentStop>& stops) {
  std::map<model::Epoch, std::uint64_t> counts;
  for (const store::SegmentStop& stop : stops) counts[stop.epoch] = stop.facts;
  for (const auto& [epoch, told] : told_)
    if (counts[epoch] < told)
      throw Violation{fmt::format("{} facts of epoch {} were safe, {} of them count now", told,
                                  model::number_of(epoch), counts[epoch])};
  for (const store::SegmentStop& stop : stops) committed(stop.epoch, stop.facts);
}

Ledger History::ledger(const std::vector<store::SegmentStop>& stops, store::FactNumber upto) const {
  Ledger ledger(workload_);
  for (const store::SegmentStop& stop : stops) {
    const auto facts = facts_.find(stop.epoch);
    for (std::uint64_t i = 0; i < stop.facts; ++i) {
      if (store::FactNumber{stop.epoch, i + 1} > upto) return ledger;
      if (facts == facts_.end() || i >= facts->second.size())
        throw Violation{"the journal holds facts that nobody wrote"};
      ledger.apply(facts->second[i]);
    }
  }
  return ledger;
}

}  // namespace mpibatch::fault
