// One fact of each kind with no field at its default, named as the journal's golden layouts name
// them.
#pragma once

#include <chrono>
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
  job.spec.resources = {2, 512, 1};
  job.spec.depends_on = {{JobId{2}, DependencyType::NToN},
                         {JobId{1}, DependencyType::AfterAny, 7},
                         {JobId{4}, DependencyType::Match, kAllChildren, 0}};
  job.spec.retry.attempts = 3;
  job.spec.retry.rules = {{"Task*", std::nullopt, "1", RetryAction::Exit}};
  job.spec.retry.memory_multiplier = 1.5;
  job.spec.retry.memory_max_mib = 4096;
  job.spec.digest = 0x1122334455667788;
  job.spec.matches = {{2, {0, kNoGroup, 1}, {0, 1}}};
  job.spec.priority = 7;
  job.spec.share = "lab";
  job.spec.constraints = {"gpu:a100"};
  job.spec.consumables = {{1, 2}};
  job.spec.max_concurrent = 5;
  job.spec.max_failures = 2;
  job.spec.not_before = std::chrono::seconds{10};
  job.spec.expected = std::chrono::milliseconds{2500};
  job.kept = {{0, 8, 4}};
  return job;
}

inline AdoptedJob sample_gang() {
  AdoptedJob job;
  job.id = JobId{5};
  job.spec.name = "solve";
  job.spec.gang = Gang{3, 1, {{0, 1, {1, 0, 0}}, {1, 3, {4, 0, 0}}}, false, true};
  return job;
}

inline PlanRules sample_rules() {
  PlanRules rules;
  rules.queues = {{"cpu", 1, {}, {}, {}},
                  {"urgent", 9, {1, 0}, 0, {{"CAPACITY", std::chrono::seconds{600}}}}};
  rules.environments = {{"rack", true, 2, 64, {"n[1-4]"}, {"gpu:a100"}},
                        {"old", false, 0, 0, {}, {}}};
  rules.policies = {{"shares", std::chrono::seconds{3600}, 20, {{"lab*", 0.5}}}};
  rules.consumables = {{"licence", 10, true}, {"calls", 100, false}};
  rules.max_failures = 3;
  return rules;
}

inline std::vector<Fact> sample_facts() {
  const GrantId grant{Epoch{2}, 17};
  const InstanceId instance{0xab};
  const Instant at = instant_from_us(70'000'000);
  return {
      EpochBegan{Epoch{2}, "node1", "boot", Duration{1'500'000}, instant_from_us(60'000'000)},
      PlanAdopted{Revision{1}, sample_rules(), {sample_job(), sample_gang()}},
      NodeJoined{NodeId{4}, {"node1", 1}, instance, "boot", {8, 16'384, 2}, {"cpu:x", "numa:2"}},
      NodeGone{NodeId{4}, instance, "its lease\nhas lapsed", at},
      LeaseAwaited{NodeId{4}, instance, instant_from_us(80'000'001)},
      Granted{grant, NodeId{4}, instance, JobId{3}, {{0, 8}, {9, 10}}, {2, 768, 1}, 1, at},
      Started{grant, {{0, 2}}, at},
      Ended{grant,
            {{0, 4}},
            {{4, Verdict::Failed, EndKind::Exited, 1, ""},
             {5, Verdict::Retried, EndKind::OutOfMemory, 137, ""},
             {6, Verdict::Failed, EndKind::CannotStart, 127, "no \"x\""}},
            Duration{2'500'000},
            at},
      Returned{grant, {{8, 10}}, at},
      CancelRequested{"uuid", JobId{3}, {{0, 16}}, "not needed", true},
      FailedReopened{},
      RunFinished{true},
      GangGranted{JobId{5},
                  2,
                  {{grant, NodeId{4}, instance, 1, {{1, 3}}, {8, 0, 0}},
                   {{Epoch{2}, 18}, NodeId{5}, instance, kNoEnvironment, {{0, 1}}, {1, 512, 0}}},
                  at},
      HoldRequested{"uuid", JobId{3}, {{4, 5}}, true},
      RetryRequested{"uuid", JobId{3}, {{0, 16}}, true, true},
      PriorityRequested{"uuid", JobId{3}, 12},
      WaitEnded{JobId{3}, {{2, 4}}, true, "too long"},
      GrantedAfter{{{Epoch{2}, 18}, NodeId{4}, instance, JobId{3}, {{9, 12}}, {2, 768, 1}, 1, at},
                   {JobId{3}, 8, grant}},
  };
}

}  // namespace mpibatch::model
