#pragma once

#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

inline const StateFolder kFolder{"/s"};

}  // namespace mpibatch::store
