#include <mpibatch/store/surroundings.hpp>

#include <mpibatch/base/layout.hpp>

#include "store/record.hpp"

namespace mpibatch::store {

Result<void> save_surroundings(FileSystem& files, const StateFolder& folder,
                               const protocol::Surroundings& surroundings) {
  return write_whole(files, folder.surroundings(), FileKind::Surroundings, to_layout(surroundings),
                     false);
}

Result<protocol::Surroundings> load_surroundings(const FileSystem& files,
                                                 const StateFolder& folder) {
  const std::string path = folder.surroundings();
  const auto payload = read_whole(files, path, FileKind::Surroundings);
  if (!payload) return tl::unexpected(payload.error());
  protocol::Surroundings surroundings;
  if (!from_layout(*payload, surroundings))
    return fail(ErrorKind::Damaged, "'" + path + "' does not hold an environment");
  return surroundings;
}

}  // namespace mpibatch::store
