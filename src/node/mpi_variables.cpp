#include <algorithm>
#include <iterator>
#include <string_view>

#include <mpibatch/node/launch.hpp>

extern char** environ;

namespace mpibatch::node {

namespace {

// What Open MPI 4 and 5, PMIx, PMI and MPICH's Hydra set for their ranks; the user's settings
// (OMPI_MCA_btl, OMPI_CC, MPIR_CVAR_…) are not among them.
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
                                          "MPI_LOCAL",
                                          "PRTE_"};
constexpr std::string_view kNames[] = {
    "OMPI_ARGV",        "OMPI_MCA_pmix",     "OMPI_MCA_initial_wdir", "OMPI_MCA_mpi_oversubscribe",
    "HFI_NO_BACKTRACE", "IPATH_NO_BACKTRACE"};

// What Hydra sets for its ranks, and a user may set elsewhere. The name of the rank's host would be
// wrong on all others.
constexpr std::string_view kHydraNames[] = {"GFORTRAN_UNBUFFERED_PRECONNECTED",
                                            "MPIR_CVAR_CH3_INTERFACE_HOSTNAME"};

bool leaked(const std::string& name, bool hydra) {
  const auto hydras = hydra ? std::end(kHydraNames) : std::begin(kHydraNames);
  return std::find(std::begin(kHydraNames), hydras, name) != hydras ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); }) ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

model::Environment strip_mpi_variables(const model::Environment& environment) {
  const bool hydra = std::any_of(environment.begin(), environment.end(), [](const auto& variable) {
    return variable.first == "HYDI_CONTROL_FD";
  });
  model::Environment kept;
  for (const auto& variable : environment)
    if (!leaked(variable.first, hydra)) kept.push_back(variable);
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
