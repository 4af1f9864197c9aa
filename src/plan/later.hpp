// Fields that are checked now and have no effect yet; whoever loads a plan is told so.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "plan/field.hpp"

namespace mpibatch::plan {

void check_checkpoint(const JsonValue& value, const Path& path, const Report& report);
void check_results(const JsonValue& value, const Path& path, const Report& report);

// What is accepted and has no effect yet; each once, however many jobs have it.
class Notices {
 public:
  void checkpoint() { fields_.insert("checkpoint"); }
  void results() { fields_.insert("results"); }
  void mpi_properties() { fields_.insert("mpiProperties"); }
  std::vector<std::string> all() const;

 private:
  std::set<std::string> fields_;
};

}  // namespace mpibatch::plan
