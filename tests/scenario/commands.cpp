// What a script can say. README.md lists it.
#include <algorithm>
#include <utility>

#include "scenario/plan_words.hpp"
#include "scenario/stage.hpp"

namespace mpibatch::scenario {

void Stage::run(const Command& command) {
  Words words(command.text);
  const std::string verb = words.next();
  const std::vector<std::string>& details = command.details;
  if (verb == "settings") return settings(words);
  if (verb == "commits") return commits(words);
  if (verb == "plan") return plan(words, details);
  rank0();
  if (verb == "restart") return restart(words, details);
  if (verb == "node") return link(words, true);
  if (verb == "link") return link(words, false);
  if (verb == "hello") return hello(linked(words), words);
  if (verb == "link-lost") return link_lost(words);
  if (verb == "silent") return silent(words);
  if (verb == "renew") return renew(words);
  if (verb == "owner") return owner(words);
  if (verb == "started") return started(words);
  if (verb == "ended") return ended(words);
  if (verb == "returned") return returned(words);
  if (verb == "trouble") return trouble(words);
  if (verb == "refused") return refused(words);
  if (verb == "again") return again(words);
  if (verb == "segment-read") return segment_read(words, details);
  if (verb == "time") return pass(words.duration(), false);
  if (verb == "stall") return pass(words.duration(), true);
  if (verb == "commit") return commit(words.empty() ? UINT64_MAX : committed_ + words.number());
  if (verb == "cancel") return cancel(words, false);
  if (verb == "terminate") return cancel(words, true);
  if (verb == "hold") return hold(words, true);
  if (verb == "release") return hold(words, false);
  if (verb == "retry") return retry(words);
  if (verb == "priority") return priority(words);
  if (verb == "interrupt") return interrupt(words);
  if (verb == "disk-fails") {
    journal_lost_ = true;
    return rank0().break_off(words.next(), now_);
  }
  if (verb == "state") return state();
  if (verb == "child") return child(words);
  if (verb == "nodes") return nodes();
  if (verb == "explain") return explain(words);
  if (verb == "held") return lines(rank0().scheduler().held());
  if (verb == "stuck") return lines(rank0().scheduler().stuck());
  throw ScriptError("'" + verb + "' is no command");
}

void Stage::settings(Words& words) {
  while (!words.empty()) {
    if (words.take("nodes")) {
      settings_.nodes_expected = static_cast<std::uint32_t>(words.number());
    } else if (words.take("lease")) {
      settings_.lease = words.duration();
    } else if (words.take("grace")) {
      settings_.grace = words.duration();
    } else if (words.take("patience")) {
      settings_.patience = words.duration();
    } else if (words.take("walltime")) {
      settings_.allocation = server::Allocation{now_, now_ + words.duration()};
    } else {
      words.end();
    }
  }
}

void Stage::commits(Words& words) {
  commits_at_once_ = words.take("at-once");
  if (!commits_at_once_ && !words.take("by-hand")) words.end();
}

void Stage::plan(Words& words, const std::vector<std::string>& details) {
  work_ = std::make_unique<testing::FakeWork>(testing::adopt(plan_of(details)));
  only(words);
  words.end();
  begin_epoch({model::Epoch{1}, "h", "boot1", Duration{0}, now_}, {work_->adopted().fact}, false);
}

// Rank 0 dies; the next one folds what was committed.
void Stage::restart(Words& words, const std::vector<std::string>& details) {
  journal_.resize(epoch_start_ + committed_);
  std::vector<model::Fact> first;
  bool same_boot = true;
  Words rehearsed("");
  while (!words.empty()) {
    if (words.take("other-boot")) {
      same_boot = false;
    } else if (words.take("reopen")) {
      first.emplace_back(model::FailedReopened{});
    } else if (words.peek() == "only") {
      rehearsed = std::exchange(words, Words(""));
    } else {
      words.end();
    }
  }
  if (!details.empty()) {
    work_ = std::make_unique<testing::FakeWork>(testing::adopt(plan_of(details), work_->adopted()));
    first.insert(first.begin(), work_->adopted().fact);
  }
  only(rehearsed);
  const model::Epoch next{model::number_of(settings_.epoch) + 1};
  begin_epoch({next, "h", same_boot ? "boot1" : "boot2", now_.time_since_epoch(), now_},
              std::move(first), same_boot);
}

void Stage::link(Words& words, bool greets) {
  Machine& node = machine(words.node());
  const server::NodeUse use =
      words.take("finish-only") ? server::NodeUse::FinishOnly : server::NodeUse::Work;
  node.link = server::LinkId{++links_made_};
  link_names_[*node.link] = model::to_string(node.name);
  node.renews = true;
  rank0().link_opened(*node.link, use, now_);
  if (!greets) return words.end();
  settle();
  hello(node, words);
}

void Stage::hello(Machine& node, Words& words) {
  protocol::Hello hello;
  hello.name = node.name;
  hello.boot_id = "b";
  hello.predecessor = model::Predecessor::None;
  if (node.instance.value == 0) node.instance = instance(node, 1);
  while (!words.empty()) {
    if (words.take("cpus")) {
      node.capacity.vcpus = static_cast<std::uint32_t>(words.number());
    } else if (words.take("memory")) {
      node.capacity.memory_mib = words.number();
    } else if (words.take("gpus")) {
      node.capacity.gpus = static_cast<std::uint32_t>(words.number());
    } else if (words.take("features")) {
      node.features = words.list();
      std::sort(node.features.begin(), node.features.end());
    } else if (words.take("instance")) {
      node.instance = instance(node, words.number());
    } else if (words.take("predecessor")) {
      if (words.take("cannot-tell")) {
        hello.predecessor = model::Predecessor::CannotTell;
      } else if (!words.take("none")) {
        words.end();
      }
    } else if (words.take("holds")) {
      protocol::Holding& holding = hello.inventory.emplace_back();
      holding.grant = words.grant();
      holding.children = words.children();
      if (words.take("started")) holding.started = words.children();
    } else {
      words.end();
    }
  }
  hello.instance = node.instance;
  hello.capacity = node.capacity;
  hello.features = node.features;
  node.last = {settings_.epoch, node.instance, {hello}};
  rank0().receive(*node.link, *node.last, now_);
}

void Stage::link_lost(Words& words) {
  Machine& node = linked(words);
  rank0().link_closed(*node.link, now_);
  node.link.reset();
}

void Stage::silent(Words& words) { linked(words).renews = false; }

void Stage::renew(Words& words) {
  Machine& node = linked(words);
  const Duration stamp = words.duration();
  stamps_shown_.insert(stamp);
  send_up(node, protocol::RenewRequest{stamp}, words);
}

void Stage::owner(Words& words) {
  owner_fresh_ = words.take("verified");
  if (owner_fresh_) return rank0().owner_verified(now_);
  if (!words.take("not-verified")) words.end();
}

void Stage::started(Words& words) {
  Machine& node = linked(words);
  protocol::Started started;
  const model::GrantId grant = words.grant();
  started.children.emplace_back(grant, words.children());
  send_up(node, std::move(started), words);
}

// GRANT CHILDREN HOW [CODE] [REASON] [took TIME]
std::vector<protocol::EndNotice> Stage::ends(Words& words) const {
  const model::GrantId grant = words.grant();
  const auto job = jobs_of_grants_.find(grant);
  if (job == jobs_of_grants_.end()) throw ScriptError("there was no such grant");
  const model::Ranges children = words.children();
  const std::string how = words.next();
  model::AttemptEnd end;
  if (how == "exit") {
    end.kind = model::EndKind::Exited;
  } else if (how == "signal") {
    end.kind = model::EndKind::Signaled;
  } else if (how == "timeout") {
    end.kind = model::EndKind::TimedOut;
  } else if (how == "cannot-start") {
    end.kind = model::EndKind::CannotStart;
  } else if (how == "out-of-memory") {
    end.kind = model::EndKind::OutOfMemory;
  } else if (how == "stopped") {
    end.kind = model::EndKind::Stopped;
  } else {
    throw ScriptError("'" + how + "' is no way to end");
  }
  if (how != "stopped") end.code = static_cast<std::int32_t>(words.number());
  if (words.take("reason")) end.reason = words.next();
  end.usage.wall = words.take("took") ? words.duration() : std::chrono::seconds(1);
  std::vector<protocol::EndNotice> ends;
  model::for_each(children, [&](model::ChildIndex child) {
    ends.push_back({0, {job->second, child, grant}, end});
  });
  return ends;
}

void Stage::ended(Words& words) {
  Machine& node = linked(words);
  protocol::Ends message{ends(words)};
  std::uint64_t& told = node.ends_told[node.instance];
  if (words.take("number")) told = words.number() - 1;
  for (protocol::EndNotice& notice : message.ends) notice.number = ++told;
  send_up(node, std::move(message), words);
}

void Stage::returned(Words& words) {
  Machine& node = linked(words);
  const model::GrantId grant = words.grant();
  const model::Ranges children = words.children();
  send_up(node, protocol::Returned{grant, children}, words);
}

void Stage::trouble(Words& words) {
  Machine& node = linked(words);
  const bool fatal = words.take("fatal");
  const std::string message = words.next();
  send_up(node, protocol::Trouble{fatal, message}, words);
}

void Stage::refused(Words& words) {
  Machine& node = linked(words);
  const std::string reason = words.next();
  send_up(node, protocol::Refused{reason}, words);
}

void Stage::again(Words& words) {
  Machine& node = linked(words);
  if (!node.last) throw ScriptError("it has said nothing yet");
  rank0().receive(*node.link, *node.last, now_);
}

void Stage::segment_read(Words& words, const std::vector<std::string>& details) {
  const Machine& node = machine(words.node());
  const model::InstanceId read =
      words.take("instance") ? instance(node, words.number()) : node.instance;
  words.end();
  std::vector<store::AttemptEnded> records;
  for (const std::string& detail : details) {
    Words line(detail);
    if (!line.take("ended")) throw ScriptError("a segment's ends start with `ended`");
    for (const protocol::EndNotice& notice : ends(line))
      records.push_back({records.size() + 1, notice.execution, notice.end});
    line.end();
  }
  const auto id = rank0().scheduler().node(node.name);
  if (!id) throw ScriptError("that node never joined");
  rank0().segment_read(id->id, read, records, now_);
}

void Stage::interrupt(Words& words) { rank0().interrupt(words.take("at-once"), now_); }

}  // namespace mpibatch::scenario
