#include <mpibatch/store/run_view.hpp>

#include <unistd.h>

#include <array>

#include <mpibatch/base/host.hpp>

namespace mpibatch::store {

OwnerRecord this_process() {
  OwnerRecord me;
  me.host = host_name();
  me.boot_id = boot_id();
  std::array<char, 64> name{};
  const ssize_t size = ::readlink("/proc/self/ns/pid", name.data(), name.size());
  if (size > 0) me.pid_namespace.assign(name.data(), static_cast<std::size_t>(size));
  me.pid = ::getpid();
  me.start_ticks = process_start_ticks(::getpid());
  return me;
}

std::uint64_t start_ticks_of(std::int64_t pid) {
  const auto ticks = process_start_ticks(static_cast<int>(pid));
  return ticks != 0 && process_runs(static_cast<int>(pid), ticks) ? ticks : 0;
}

Result<RunView> read_run(const FileSystem& files, const StateFolder& folder) {
  RunView view;
  auto owner = read_owner(files, folder);
  if (!owner) return tl::unexpected(owner.error());
  if (!*owner)
    return fail(ErrorKind::NotFound, "'" + folder.path +
                                         "' holds no run: start one with `mpibatch run PLAN`, or "
                                         "name its folder with --state");
  view.owner = std::move(*owner);
  view.owner_state = judge(*view.owner, this_process(), start_ticks_of);
  const auto counter = read_counter(files, folder, view.owner->epoch);
  if (counter) view.counter = *counter;
  auto state = fold(files, folder);
  if (!state) return tl::unexpected(state.error());
  view.state = std::move(*state);
  return view;
}

}  // namespace mpibatch::store
