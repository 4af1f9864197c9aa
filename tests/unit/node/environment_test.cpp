#include "node/environment.hpp"

#include <gtest/gtest.h>

#include <mpibatch/node/launch.hpp>

namespace mpibatch::node {
namespace {

// The whole of it for the third job's child 5 or 0, whose second attempt this is.
std::vector<std::string> environment_of(const model::JobTemplate& job, model::ChildIndex child,
                                        const std::vector<std::string>& values = {},
                                        const model::Environment& captured = {}) {
  const std::vector<std::uint32_t> cpus{4, 6};
  auto made = attempt_environment(
      job, values, {{model::JobId{3}, child, {model::Epoch{2}, 17}}, 2, "token", "/tmp/x", cpus});
  const auto alike = job_environment(captured, job, {"node1", ""}, made);
  made.insert(made.end(), alike.begin(), alike.end());
  return made;
}

TEST(AttemptEnvironment, TellsWhatAwsBatchTells) {
  model::JobTemplate job;
  job.name = "align";
  job.queue = "fast";
  job.array = true;
  job.size = 16;
  const auto made = environment_of(job, 5);
  EXPECT_EQ(variable(made, "AWS_BATCH_JOB_ID"), "align:5");
  EXPECT_EQ(variable(made, "AWS_BATCH_JOB_ATTEMPT"), "2");
  EXPECT_EQ(variable(made, "AWS_BATCH_JOB_ARRAY_INDEX"), "5");
  EXPECT_EQ(variable(made, "AWS_BATCH_JOB_ARRAY_SIZE"), "16");
  EXPECT_EQ(variable(made, "AWS_BATCH_JQ_NAME"), "fast");
  EXPECT_EQ(variable(made, "AWS_BATCH_CE_NAME"), "default");
  EXPECT_EQ(variable(made, "MPIBATCH_JOB_NAME"), "align");
  EXPECT_EQ(variable(made, "MPIBATCH_NODE"), "node1");
  EXPECT_EQ(variable(made, "MPIBATCH_CPUS"), "4,6");
  EXPECT_EQ(variable(made, "MPIBATCH_TOKEN"), "token");
  EXPECT_EQ(variable(made, "TMPDIR"), "/tmp/x");
}

TEST(AttemptEnvironment, HasNoArrayVariablesForASingleJob) {
  model::JobTemplate job;
  job.name = "merge";
  const auto made = environment_of(job, 0);
  EXPECT_EQ(variable(made, "AWS_BATCH_JOB_ID"), "merge");
  EXPECT_EQ(variable(made, "AWS_BATCH_JOB_ARRAY_INDEX"), std::nullopt);
  EXPECT_EQ(variable(made, "AWS_BATCH_JOB_ARRAY_SIZE"), std::nullopt);
}

TEST(AttemptEnvironment, TheMoreSpecificWins) {
  model::JobTemplate job;
  job.queue = "fast";
  job.environment = {{"A", "plan"}, {"B", "plan"}, {"TMPDIR", "plan"}};
  job.parameter_names = {"A", "P", "AWS_BATCH_JQ_NAME", "AWS_BATCH_JOB_ARRAY_SIZE"};
  job.parameters = {{"Q", "all"}, {"A", "all"}};
  const auto made = environment_of(job, 0, {"value", "p", "mine", "3"},
                                   {{"A", "shell"}, {"B", "shell"}, {"C", "shell"}});
  EXPECT_EQ(variable(made, "A"), "value");
  EXPECT_EQ(variable(made, "B"), "plan");
  EXPECT_EQ(variable(made, "C"), "shell");
  EXPECT_EQ(variable(made, "P"), "p");
  EXPECT_EQ(variable(made, "Q"), "all");
  EXPECT_EQ(variable(made, "TMPDIR"), "/tmp/x");
  EXPECT_EQ(variable(made, "AWS_BATCH_JQ_NAME"), "fast");
  EXPECT_EQ(variable(made, "AWS_BATCH_JOB_ARRAY_SIZE"), "3");
  std::vector<std::string> names;
  for (const std::string& entry : made) names.push_back(entry.substr(0, entry.find('=')));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(AttemptEnvironment, TokensOfAShareHaveOnePrefix) {
  const std::string token = token_of("abc", 1, {model::JobId{3}, 12, {model::Epoch{2}, 17}});
  EXPECT_EQ(token, "abc.1.3:12@2.17");
  EXPECT_TRUE(token.starts_with(token_prefix("abc", 1)));
  EXPECT_FALSE(token.starts_with(token_prefix("abc", 11)));
}

TEST(MpiVariables, WhatALauncherLeaksGoesTheUsersSettingsStay) {
  const model::Environment before{{"OMPI_COMM_WORLD_RANK", "1"},
                                  {"OMPI_MCA_ess_base_jobid", "1"},
                                  {"OMPI_MCA_orte_hnp_uri", "1"},
                                  {"OMPI_MCA_pmix", "1"},
                                  {"OMPI_MCA_initial_wdir", "1"},
                                  {"OMPI_MCA_mpi_oversubscribe", "1"},
                                  {"OMPI_MCA_shmem_RUNTIME_QUERY_hint", "1"},
                                  {"OMPI_MCA_hwloc_base_binding_policy", "1"},
                                  {"OMPI_APP_CTX_NUM_PROCS", "1"},
                                  {"OMPI_UNIVERSE_SIZE", "1"},
                                  {"OMPI_ARGV", "1"},
                                  {"PMIX_RANK", "1"},
                                  {"PMI_RANK", "1"},
                                  {"HYDI_CONTROL_FD", "1"},
                                  {"MPI_LOCALRANKID", "1"},
                                  {"MPIR_CVAR_CH3_INTERFACE_HOSTNAME", "host"},
                                  {"MPIR_CVAR_CH4_NETMOD", "ofi"},
                                  {"HFI_NO_BACKTRACE", "1"},
                                  {"PRTE_LAUNCHED", "1"},
                                  {"OMPI_MCA_btl", "tcp,self"},
                                  {"OMPI_MCA_pmix_base_verbose", "5"},
                                  {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
                                  {"PATH", "/bin"}};
  const model::Environment after{{"MPIR_CVAR_CH4_NETMOD", "ofi"},
                                 {"OMPI_MCA_btl", "tcp,self"},
                                 {"OMPI_MCA_pmix_base_verbose", "5"},
                                 {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
                                 {"PATH", "/bin"}};
  EXPECT_EQ(strip_mpi_variables(before), after);
  const model::Environment own{{"GFORTRAN_UNBUFFERED_PRECONNECTED", "y"}};
  EXPECT_EQ(strip_mpi_variables(own), own);  // not under Hydra
}

}  // namespace
}  // namespace mpibatch::node
