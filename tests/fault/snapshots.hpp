// Snapshots on the simulated disk, and the process that makes them beside a rank 0 and deletes what
// they cover.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <mpibatch/store/snapshot.hpp>

#include "cluster.hpp"
#include "virtual_process.hpp"

namespace mpibatch::fault {

class SimulatedSnapshots final : public store::SnapshotFormat {
 public:
  explicit SimulatedSnapshots(const FileSystem& files) : files_(files) {}
  Result<store::SnapshotCore> read(const std::string& path) const override;
  Result<void> write(FileSystem& files, const store::StateFolder& folder, const store::Fold& state,
                     const store::PlanTexts& texts, const std::string& path) const override;

 private:
  const FileSystem& files_;
};

// Any reader's view of the run.
Result<store::Fold> fold_run(const FileSystem& files, const store::StateFolder& folder,
                             store::FactNumber upto = store::kLastFact);

class Compaction final : public VirtualProcess {
 public:
  Compaction(Cluster& cluster, const std::string& title, const void* host, store::FactNumber upto);
  void begin();

 private:
  void make();
  void publish(const std::string& path);
  void clear();
  void check_spare();
  void check(const std::string& what, const Error& error);
  void died() override {}

  Cluster& cluster_;
  ProcessDisk disk_;
  SimulatedSnapshots format_;
  store::FactNumber upto_;
};

}  // namespace mpibatch::fault
