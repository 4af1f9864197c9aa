// Which journal segments there are.
#pragma once

#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

// In order; what else lies in that folder is left out.
Result<std::vector<model::Epoch>> list_epochs(const FileSystem& files, const StateFolder& folder);

}  // namespace mpibatch::store
