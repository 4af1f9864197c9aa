#include <algorithm>
#include <iterator>
#include <string_view>

#include <mpibatch/node/launch.hpp>

extern char** environ;

namespace mpibatch::node {

namespace {

// What Open MPI 4 and 5, PMIx, PMI and Hydra set for their ranks; the user's settings
// (OMPI_MCA_btl, OMPI_CC, …) are not among them.
constexpr std::string_view kPrefixes[] = {"OMPI_APP_CTX",
                                          "OMPI_COMMAND",
                                          "OMPI_COMM_WORLD",
                                          "OMPI_FILE_LOCATION",
                                          "OMPI_FIRST_RANKS",
                                          "OMPI_NUM_APP",
                                          "OMPI_UNIVERSE",
                                          "OMPI_MCA_ess",
                                          "OMPI_MCA_orte_",
                                          "OMPI_MCA_hwloc_base_",
                                          "OMPI_MCA_shmem_RUNTIME",
                                          "PMIX_",
                                          "PMI_",
                                          "HYDRA_",
                                          "HYDI_",
                                          "PRTE_"};
constexpr std::string_view kNames[] = {
    "OMPI_ARGV",        "OMPI_MCA_pmix",     "OMPI_MCA_initial_wdir", "OMPI_MCA_mpi_oversubscribe",
    "HFI_NO_BACKTRACE", "IPATH_NO_BACKTRACE"};

bool leaked(const std::string& name) {
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); }) ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

model::Environment strip_mpi_variables(const model::Environment& environment) {
  model::Environment kept;
  for (const auto& variable : environment)
    if (!leaked(variable.first)) kept.push_back(variable);
  return kept;
}

model::Environment current_environment() {
  model::Environment variables;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace mpibatch::node
