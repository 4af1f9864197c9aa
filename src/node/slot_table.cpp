#include "node/slot_table.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/base/host.hpp>
#include <mpibatch/base/unique_fd.hpp>

namespace mpibatch::node {

namespace {

constexpr char kMagic[8] = {'M', 'P', 'B', 'S', 'L', 'O', 'T', '1'};
constexpr std::size_t kHeaderBytes = 4096;

struct Header {
  char magic[8] = {};
  std::int64_t doubt_until_us = 0;
  char boot_id[64] = {};
  char pid_namespace[64] = {};
};

constexpr std::size_t kBytes = kHeaderBytes + SlotTable::kSlots * sizeof(SlotTable::Slot);

void put(char (&field)[64], const std::string& text) {
  std::memcpy(field, text.data(), std::min(text.size(), sizeof field - 1));
}

SlotTable::Slot* slots_of(void* map) {
  return reinterpret_cast<SlotTable::Slot*>(static_cast<char*>(map) + kHeaderBytes);
}

}  // namespace

std::string pid_namespace() {
  char text[64] = {};
  const ssize_t size = ::readlink("/proc/self/ns/pid", text, sizeof text - 1);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

SlotTable::Previous SlotTable::read(const std::string& path) {
  Previous previous;
  const auto bytes = PosixFileSystem().read(path, 0, kBytes);
  Header header;
  if (!bytes || bytes->size() < kHeaderBytes) return previous;
  std::memcpy(&header, bytes->data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return previous;
  header.boot_id[63] = header.pid_namespace[63] = '\0';
  if (boot_id() != header.boot_id) {
    previous.state = Previous::State::Rebooted;
    return previous;
  }
  previous.doubt_until = Duration{header.doubt_until_us};
  if (pid_namespace().empty() || pid_namespace() != header.pid_namespace) {
    previous.state = Previous::State::OtherNamespace;
    return previous;
  }
  previous.state = Previous::State::Here;
  for (std::size_t at = kHeaderBytes; at + sizeof(Slot) <= bytes->size(); at += sizeof(Slot)) {
    Slot slot;
    std::memcpy(&slot, bytes->data() + at, sizeof slot);
    if (slot.pid > 0) previous.used.push_back(slot);
  }
  return previous;
}

Result<SlotTable> SlotTable::create(const std::string& path, Duration doubt_until) {
  const std::string fresh = path + ".new";
  UniqueFd file(::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return fail_errno("cannot create '" + fresh + "'", errno);
  if (::ftruncate(file.get(), kBytes) != 0)
    return fail_errno("cannot extend '" + fresh + "'", errno);
  void* map = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (map == MAP_FAILED) return fail_errno("cannot map '" + fresh + "'", errno);
  SlotTable table(map);
  Header header;
  header.doubt_until_us = doubt_until.count();
  put(header.boot_id, boot_id());
  put(header.pid_namespace, pid_namespace());
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::memcpy(map, &header, sizeof header);
  if (::rename(fresh.c_str(), path.c_str()) != 0)
    return fail_errno("cannot rename '" + fresh + "' to '" + path + "'", errno);
  return table;
}

SlotTable::SlotTable(SlotTable&& other) noexcept
    : map_(std::exchange(other.map_, nullptr)),
      free_(std::move(other.free_)),
      fresh_(other.fresh_) {}

SlotTable::~SlotTable() {
  if (map_) ::munmap(map_, kBytes);
}

void SlotTable::clear_doubt() { static_cast<Header*>(map_)->doubt_until_us = 0; }

SlotTable::Slot* SlotTable::take(const model::ExecutionId& execution, Duration boot_now) {
  const std::lock_guard lock(mutex_);
  std::uint32_t index = fresh_;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else if (fresh_ < kSlots) {
    ++fresh_;
  } else {
    return nullptr;
  }
  Slot* slot = slots_of(map_) + index;
  *slot = Slot{0,
               model::number_of(execution.job),
               execution.child,
               model::number_of(execution.grant.epoch),
               execution.grant.number,
               0,
               boot_now.count()};
  return slot;
}

void SlotTable::release(Slot* slot) {
  const std::lock_guard lock(mutex_);
  slot->pid = 0;
  free_.push_back(static_cast<std::uint32_t>(slot - slots_of(map_)));
}

bool SlotTable::holds(int pid) const {
  const std::lock_guard lock(mutex_);
  const Slot* slots = slots_of(map_);
  return std::any_of(slots, slots + fresh_, [pid](const Slot& slot) { return slot.pid == pid; });
}

}  // namespace mpibatch::node
