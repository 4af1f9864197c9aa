#include <mpibatch/store/snapshot.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/crc32c.hpp>
#include <mpibatch/base/layout.hpp>

#include "store/hdf5_file.hpp"
#include "store/record.hpp"
#include "store/tables.hpp"

namespace mpibatch::store {

namespace {

constexpr std::uint64_t kSnapshotVersion = 2;
constexpr const char* kGroup = "/mpibatch";
constexpr const char* kCore = "/mpibatch/core";
constexpr const char* kFold = "/mpibatch/fold";
constexpr const char* kMarkBytes = "markBytes";
constexpr const char* kMarkFacts = "markFacts";
constexpr std::string_view kSnapshotSuffix = ".h5";

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (!name.ends_with(kSnapshotSuffix)) return std::nullopt;
  name.remove_suffix(kSnapshotSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// Oldest first.
Result<std::vector<std::pair<std::uint64_t, std::string>>> numbered(const FileSystem& files,
                                                                    const StateFolder& folder) {
  const auto names = files.list(folder.snapshots());
  if (!names) return tl::unexpected(names.error());
  std::vector<std::pair<std::uint64_t, std::string>> found;
  for (const std::string& name : *names)
    if (const auto number = number_of(name))
      found.emplace_back(*number, folder.snapshots() + "/" + name);
  std::sort(found.begin(), found.end());
  return found;
}

Result<void> write_core(Hdf5File& file, const SnapshotCore& core) {
  if (auto done = file.make_group(kGroup); !done) return done;
  if (auto done = file.write_attribute(kGroup, "formatVersion", kSnapshotVersion); !done)
    return done;
  if (auto done = file.write_attribute(kGroup, "run", core.run); !done) return done;
  if (auto done = file.write_attribute(kGroup, "epoch", model::number_of(core.last.epoch)); !done)
    return done;
  if (auto done = file.write_attribute(kGroup, "fact", core.last.number); !done) return done;
  if (core.mark) {
    if (auto done = file.write_attribute(kGroup, kMarkBytes, core.mark->bytes); !done) return done;
    if (auto done = file.write_attribute(kGroup, kMarkFacts, core.mark->facts); !done) return done;
  }
  if (auto done = file.write_bytes(kCore, core.scheduler); !done) return done;
  return file.write_bytes(kFold, to_layout(core));
}

// What stands in the user block: HDF5 crashes on files that are damaged, so it is shown none.
struct Seal {
  std::uint64_t size = 0;  // of the whole file
  std::uint32_t crc = 0;   // of what follows the seal
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& size& crc;
  }
};

constexpr std::size_t kSealSize = kHeaderSize + kFrameSize + 1 + 12;

// A file's user block, for the HDF5 image that follows it.
std::string user_block(const std::string& image) {
  const std::string padding(kUserBlockSize - kSealSize, '\0');
  std::string block = file_header(FileKind::Snapshot);
  append_record(block, RecordKind::Whole,
                to_layout(Seal{kUserBlockSize + image.size(), crc32c(image, crc32c(padding))}));
  MPIBATCH_CHECK(block.size() == kSealSize);
  return block + padding;
}

Result<void> check_seal(const std::string& path) {
  constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;
  const PosixFileSystem files;
  const auto block = read_whole(files, path, FileKind::Snapshot);
  if (!block) return tl::unexpected(block.error());
  Seal sealed;
  bool good = from_layout(*block, sealed);
  std::uint64_t at = kSealSize;
  std::uint32_t crc = 0;
  while (good) {
    const auto piece = files.read(path, at, kPiece);
    if (!piece) return tl::unexpected(piece.error());
    if (piece->empty()) break;
    crc = crc32c(*piece, crc);
    at += piece->size();
  }
  if (good && at == sealed.size && crc == sealed.crc) return {};
  return fail(ErrorKind::Damaged, "'" + path + "' is not what was written: remove it, and the " +
                                      "journal is read instead");
}

class Hdf5Snapshots final : public SnapshotFormat {
 public:
  Result<SnapshotCore> read(const std::string& path) const override { return read_snapshot(path); }
  Result<void> write(FileSystem& files, const StateFolder& folder, const Fold& state,
                     const PlanTexts& texts, const std::string& path) const override {
    return write_snapshot(files, folder, state, texts, path);
  }
};

// Of the segments that the state comes from.
std::vector<SegmentStop> stops_upto(const std::vector<SegmentStop>& stops, model::Epoch last) {
  std::vector<SegmentStop> kept;
  for (const SegmentStop& stop : stops)
    if (stop.epoch <= last) kept.push_back(stop);
  return kept;
}

}  // namespace

const SnapshotFormat& hdf5_snapshots() {
  static const Hdf5Snapshots format;
  return format;
}

SnapshotCore core_of(const Fold& state) {
  SnapshotCore core{state.run,
                    state.last,
                    stops_upto(state.stops, state.last.epoch),
                    state.adoptions,
                    state.scheduler.save(),
                    state.mark};
  if (core.mark && core.mark->epoch != core.last.epoch) core.mark.reset();
  return core;
}

Result<SnapshotCore> read_snapshot(const std::string& path) {
  if (auto sealed = check_seal(path); !sealed) return tl::unexpected(sealed.error());
  const auto file = Hdf5File::open(path);
  if (!file) return tl::unexpected(file.error());
  const auto version = file->read_number(kGroup, "formatVersion");
  if (!version) return tl::unexpected(version.error());
  if (*version != kSnapshotVersion)
    return fail(ErrorKind::Damaged,
                fmt::format("'{}' has format version {}, this program reads {}: use the mpibatch "
                            "that wrote it",
                            path, *version, kSnapshotVersion));
  const auto fold = file->read_bytes(kFold);
  if (!fold) return tl::unexpected(fold.error());
  SnapshotCore core;
  if (!from_layout(*fold, core))
    return fail(ErrorKind::Damaged, "'" + path + "' does not say which facts it holds");
  auto scheduler = file->read_bytes(kCore);
  if (!scheduler) return tl::unexpected(scheduler.error());
  core.scheduler = std::move(*scheduler);
  if (file->has_attribute(kGroup, kMarkBytes)) {
    const auto bytes = file->read_number(kGroup, kMarkBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    const auto facts = file->read_number(kGroup, kMarkFacts);
    if (!facts) return tl::unexpected(facts.error());
    core.mark = SegmentStop{core.last.epoch, *bytes, *facts};
  }
  return core;
}

Result<void> write_snapshot(FileSystem& files, const StateFolder& folder, const Fold& state,
                            const PlanTexts& texts, const std::string& path) {
  auto built = Hdf5File::create(path);
  if (!built) return tl::unexpected(built.error());
  if (auto done = write_core(*built, core_of(state)); !done) return done;
  if (auto done = write_tables(*built, files, folder, state, texts); !done) return done;
  const auto image = built->image();
  if (!image) return tl::unexpected(image.error());
  auto file = files.create_exclusive(path);
  if (!file) return tl::unexpected(file.error());
  if (auto done = (*file)->append(user_block(*image)); !done) return done;
  if (auto done = (*file)->append(*image); !done) return done;
  return (*file)->sync();
}

Result<std::vector<std::string>> list_snapshots(const FileSystem& files,
                                                const StateFolder& folder) {
  auto found = numbered(files, folder);
  if (!found) return tl::unexpected(found.error());
  std::vector<std::string> paths;
  for (auto& [number, path] : *found) paths.push_back(std::move(path));
  return paths;
}

Result<Compacted> compact(FileSystem& files, const StateFolder& folder,
                          const PlanTextsSource& texts_of, FactNumber upto,
                          const SnapshotFormat& format) {
  const auto state = fold(files, folder, upto, format);
  if (!state) return tl::unexpected(state.error());
  if (state->run.empty())
    return fail(ErrorKind::NotFound, "'" + folder.path + "' holds no run that could be compacted");
  const auto texts = texts_of ? texts_of(state->scheduler) : Result<PlanTexts>{};
  if (!texts) return tl::unexpected(texts.error());
  if (auto made = files.make_folder(folder.snapshots()); !made) return tl::unexpected(made.error());
  const auto older = numbered(files, folder);
  if (!older) return tl::unexpected(older.error());
  const std::uint64_t number = older->empty() ? 1 : older->back().first + 1;
  const std::string path = fmt::format("{}/{:010}{}", folder.snapshots(), number, kSnapshotSuffix);
  const std::string temporary = path + ".tmp";
  if (files.exists(temporary)) (void)files.remove(temporary);  // of one that was killed
  Result<void> done = format.write(files, folder, *state, *texts, temporary);
  if (done) done = files.link(temporary, path);
  (void)files.remove(temporary);
  if (done) done = files.sync_folder(folder.snapshots());
  if (!done) return tl::unexpected(done.error());
  return Compacted{path, state->last};
}

Result<void> publish_snapshot(FileSystem& files, const StateFolder& folder,
                              const std::string& path) {
  const std::string temporary = folder.state() + ".tmp";
  if (files.exists(temporary)) (void)files.remove(temporary);  // of a rank 0 that was killed
  if (auto done = files.link(path, temporary); !done) return done;
  if (auto done = files.rename(temporary, folder.state()); !done) return done;
  // Two names of one file: then rename does nothing.
  if (files.exists(temporary)) (void)files.remove(temporary);
  return files.sync_folder(folder.path);
}

}  // namespace mpibatch::store
