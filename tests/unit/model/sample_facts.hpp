// One fact of each kind with no field at its default, named as the journal's golden layouts name
// them.
#pragma once

#include <utility>
#include <vector>

#include <mpibatch/model/fact.hpp>

namespace mpibatch::model {

inline AdoptedJob sample_job() {
  AdoptedJob job;
  job.id = JobId{3};
  job.spec.name = "align";
  job.spec.array = true;
  job.spec.size = 16;
  job.spec.queue = 1;
  job.spec.resources = {2, 512};
  job.spec.depends_on = {{JobId{2}, DependencyType::NToN}, {JobId{1}, DependencyType::All}};
  job.spec.retry.attempts = 3;
  job.spec.retry.rules = {{"Task*", std::nullopt, "1", RetryAction::Exit}};
  job.spec.digest = 0x1122334455667788;
  job.kept = {{0, 8, 4}};
  return job;
}

inline std::vector<Fact> sample_facts() {
  const GrantId grant{Epoch{2}, 17};
  const InstanceId instance{0xab};
  return {
      EpochBegan{Epoch{2}, "node1", "boot", Duration{1'500'000}, instant_from_us(60'000'000)},
      PlanAdopted{Revision{1}, {{"cpu", 1}, {"urgent", 9}}, {sample_job()}},
      NodeJoined{NodeId{4}, {"node1", 1}, instance, "boot", {8, 16'384}},
      NodeGone{NodeId{4}, instance, "its lease\nhas lapsed"},
      LeaseAwaited{NodeId{4}, instance, instant_from_us(80'000'001)},
      Granted{grant, NodeId{4}, instance, JobId{3}, {{0, 8}, {9, 10}}},
      Started{grant, {{0, 2}}},
      Ended{grant,
            {{0, 4}},
            {{4, Verdict::Failed, EndKind::Exited, 1, ""},
             {5, Verdict::Retried, EndKind::Signaled, 9, ""},
             {6, Verdict::Failed, EndKind::CannotStart, 127, "no \"x\""}},
            Duration{2'500'000}},
      Returned{grant, {{8, 10}}},
      CancelRequested{"uuid", JobId{3}, {{0, 16}}, "not needed"},
      FailedReopened{},
      RunFinished{true},
  };
}

}  // namespace mpibatch::model
