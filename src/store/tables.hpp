// The tables of a snapshot: what people read with h5py, pandas and h5dump.
#pragma once

#include <mpibatch/store/snapshot.hpp>

#include "store/hdf5_file.hpp"

namespace mpibatch::store {

Result<void> write_tables(Hdf5File& file, const FileSystem& files, const StateFolder& folder,
                          const Fold& state, const PlanTexts& texts);

}  // namespace mpibatch::store
