// Every fact that a rank 0 ever wrote down, by its number; which of them count; and what nobody may
// lose of them.
#pragma once

#include <map>
#include <vector>

#include <mpibatch/model/fact.hpp>
#include <mpibatch/store/fold.hpp>

#include "ledger.hpp"
#include "truth.hpp"

namespace mpibatch::fault {

class History {
 public:
  History(Workload& workload, Truth& truth)
      : workload_(workload), truth_(truth), committed_(workload) {}

  void wrote(model::Epoch epoch, const model::Fact& fact) { facts_[epoch].push_back(fact); }
  std::uint64_t wrote() const;  // facts, in all
  // That epoch's first `count` facts are safe, and its rank 0 was the owner after that.
  void committed(model::Epoch epoch, std::uint64_t count);
  // A rank 0 has recorded that these are the facts that count.
  void settled(const std::vector<store::SegmentStop>& stops);
  // The rules' word on those facts, up to `upto`.
  Ledger ledger(const std::vector<store::SegmentStop>& stops, store::FactNumber upto) const;

 private:
  Workload& workload_;
  Truth& truth_;
  std::map<model::Epoch, std::vector<model::Fact>> facts_;
  std::map<model::Epoch, std::uint64_t> told_;  // how many of them the truth knows to be safe
  Ledger committed_;
};

}  // namespace mpibatch::fault
