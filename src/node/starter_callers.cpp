// How a connection becomes the starter's link: it names this run, an epoch that is not older than
// any before, and the nonce that stands in the state folder as seen from here.
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include <mpibatch/base/host.hpp>
#include <mpibatch/protocol/codec.hpp>

#include "node/starter_loop.hpp"

namespace mpibatch::node {

namespace {

constexpr std::size_t kCallersMax = 16;

std::string usable_tmp(const protocol::Surroundings& surroundings) {
  for (const auto& [name, value] : surroundings.environment) {
    struct stat status {};
    if (name == "TMPDIR" && value.starts_with('/') && ::stat(value.c_str(), &status) == 0 &&
        S_ISDIR(status.st_mode))
      return value;
  }
  return {};
}

}  // namespace

void StarterLoop::take_callers() {
  while (auto link = parts_.listener->accept()) {
    callers_.push_back({std::move(link), {}, {}, false});
    if (callers_.size() > kCallersMax) callers_.pop_front();
  }
  for (Caller& caller : callers_)
    if (!caller.attach) hear(caller);
  std::erase_if(callers_, [](const Caller& caller) {
    return !caller.link || caller.link->closed() ||
           (caller.done && caller.link->queued_bytes() == 0);
  });
  ask_for_nonce();
}

void StarterLoop::hear(Caller& caller) {
  caller.link->progress();
  if (caller.done) return;
  const std::optional<std::string> bytes = caller.link->receive();
  if (!bytes) return;
  auto message = protocol::decode_down(*bytes);
  if (!message) return refuse(caller, message.error().message);
  const auto* attach =
      message->frames.empty() ? nullptr : std::get_if<protocol::Attach>(&message->frames.front());
  if (!attach || message->epoch < epoch_) {  // an old rank 0 learns from `owner` that it is one
    caller.done = true;
  } else if (attach->run != options_.run) {
    refuse(caller, "node " + model::to_string(name_) + " works for run " + options_.run +
                       " of this state folder; end that run, or wait until its lease lapses");
  } else {
    caller.nonce = attach->nonce;
    caller.attach = std::move(*message);
  }
}

void StarterLoop::refuse(Caller& caller, const std::string& reason) {
  const model::Epoch epoch = caller.attach ? caller.attach->epoch : model::Epoch{};
  (void)caller.link->send(
      protocol::encode(protocol::UpMessage{epoch, instance_, {protocol::Refused{reason}}}));
  caller.attach.reset();
  caller.done = true;
}

// One question at a time: the state folder may hang.
void StarterLoop::ask_for_nonce() {
  if (nonce_asked_) return;
  const auto waiting = std::find_if(callers_.begin(), callers_.end(),
                                    [](const Caller& caller) { return caller.attach.has_value(); });
  if (waiting == callers_.end()) return;
  nonce_asked_ = true;
  segment_.check_nonce(waiting->nonce);
}

void StarterLoop::nonce_checked(const NonceChecked& checked) {
  nonce_asked_ = false;
  for (Caller& caller : callers_) {
    if (!caller.attach || caller.nonce != checked.nonce) continue;
    if (checked.refusal.empty()) {
      accept(caller, checked.first_starter);
    } else {
      refuse(caller, checked.refusal);
      refused_ = clock_.boot();
    }
  }
  std::erase_if(callers_, [](const Caller& caller) { return !caller.link; });
  ask_for_nonce();
}

void StarterLoop::accept(Caller& caller, bool first_starter) {
  if (caller.attach->epoch < epoch_) {
    caller.attach.reset();
    caller.done = true;
    return;
  }
  const auto& attach = std::get<protocol::Attach>(caller.attach->frames.front());
  if (std::string fault = adopt(attach); !fault.empty()) return refuse(caller, fault);
  if (!core_) make_core(first_starter);
  if (link_) drop_link();
  epoch_ = caller.attach->epoch;
  link_ = std::move(caller.link);
  link_has_more_ = true;  // more may have come with the Attach
  core_->receive(*caller.attach, now());
}

std::string StarterLoop::adopt(const protocol::Attach& attach) {
  if (!tmp_folders_) {
    auto made = TmpFolders::create(tmp_root(usable_tmp(attach.surroundings), parts_.paths));
    if (!made) made = TmpFolders::create(tmp_root({}, parts_.paths));
    if (!made) return "node " + model::to_string(name_) + ": " + made.error().message;
    tmp_folders_ = std::move(*made);
  }
  site_.set_surroundings(attach.surroundings, *tmp_folders_);
  return {};
}

void StarterLoop::make_core(bool first_starter) {
  StarterSettings settings;
  settings.run = options_.run;
  settings.name = name_;
  settings.instance = instance_;
  settings.boot_id = boot_id();
  settings.capacity = parts_.allocation.capacity;
  settings.placement = parts_.allocation.words;
  settings.features = parts_.allocation.features;
  settings.notices = parts_.allocation.notices;
  settings.remarks = parts_.allocation.remarks;
  settings.predecessor = parts_.predecessor.verdict(first_starter);
  settings.lease = options_.lease;
  core_.emplace(std::move(settings));
  core_->tick(began_);  // the lease runs from our start
}

}  // namespace mpibatch::node
