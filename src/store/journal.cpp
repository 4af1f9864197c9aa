#include <mpibatch/store/journal.hpp>

#include <algorithm>
#include <charconv>

#include <mpibatch/base/layout.hpp>

#include "store/journal_files.hpp"
#include "store/record.hpp"

namespace mpibatch::store {

namespace {

constexpr std::uint64_t kPrefaceAhead = 64 << 10;  // more than any preface but a long history's
constexpr std::string_view kJournalSuffix = ".journal";

std::optional<model::Epoch> epoch_of(std::string_view name) {
  if (!name.ends_with(kJournalSuffix)) return std::nullopt;
  name.remove_suffix(kJournalSuffix.size());
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return model::Epoch{number};
}

// None: the writer did not come to record it, so the segment holds nothing.
Result<std::optional<JournalPreface>> read_preface(RecordReader& reader, model::Epoch epoch) {
  const auto record = reader.next();
  if (!record) return tl::unexpected(record.error());
  if (!*record) return std::nullopt;
  JournalPreface preface;
  if ((*record)->kind != RecordKind::Preface || !from_layout((*record)->payload, preface) ||
      preface.epoch != epoch)
    return reader.damaged((*record)->offset, "its first record is not this segment's preface");
  const auto older = [](const SegmentStop& a, const SegmentStop& b) { return a.epoch < b.epoch; };
  if (!std::is_sorted(preface.stops.begin(), preface.stops.end(), older) ||
      (!preface.stops.empty() && preface.stops.back().epoch >= epoch))
    return reader.damaged((*record)->offset, "its stops are out of order");
  return preface;
}

class JournalReader {
 public:
  JournalReader(const FileSystem& files, const StateFolder& folder, const JournalPart& part,
                const std::function<void(FactNumber, const model::Fact&)>& apply)
      : files_(files), folder_(folder), part_(part), after_(part.after), apply_(apply) {}

  Result<JournalRead> run() {
    if (auto done = find_newest(); !done) return tl::unexpected(done.error());
    if (auto done = check_after(); !done) return tl::unexpected(done.error());
    result_.last = after_;
    for (const SegmentStop& stop : newest_.stops) {
      result_.stops.push_back(stop);
      // Whole in the snapshot: nobody needs the file any more.
      if (FactNumber{stop.epoch, stop.facts} <= after_) continue;
      if (auto done = read_segment(stop.epoch, &stop); !done) return tl::unexpected(done.error());
    }
    if (model::number_of(newest_.epoch) > 0)
      if (auto done = read_segment(newest_.epoch, nullptr); !done)
        return tl::unexpected(done.error());
    return std::move(result_);
  }

 private:
  // The newest segment that was begun says which older ones count, and how far.
  Result<void> find_newest() {
    const auto epochs = list_epochs(files_, folder_);
    if (!epochs) return tl::unexpected(epochs.error());
    for (auto epoch = epochs->rbegin(); epoch != epochs->rend(); ++epoch) {
      RecordReader reader(files_, folder_.journal(*epoch), FileKind::Journal);
      reader.read_ahead_to(kPrefaceAhead);
      auto preface = read_preface(reader, *epoch);
      if (!preface) return tl::unexpected(preface.error());
      if (!*preface) continue;
      newest_ = std::move(**preface);
      result_.run = newest_.run;
      return {};
    }
    return {};
  }

  // Whether what a snapshot holds are facts that count.
  Result<void> check_after() const {
    if (after_ == FactNumber{} || after_.epoch == newest_.epoch) return {};
    for (const SegmentStop& stop : newest_.stops)
      if (stop.epoch == after_.epoch && after_.number <= stop.facts) return {};
    return beyond();
  }

  tl::unexpected<Error> beyond() const {
    return fail(ErrorKind::Damaged,
                "the snapshot holds fact " + std::to_string(after_.number) + " of epoch " +
                    std::to_string(model::number_of(after_.epoch)) + ", which the journal in '" +
                    folder_.journal() + "' does not have: take an older snapshot");
  }

  Result<void> read_segment(model::Epoch epoch, const SegmentStop* stop) {
    const std::string path = folder_.journal(epoch);
    RecordReader reader(files_, path, FileKind::Journal, 0, stop ? stop->bytes : UINT64_MAX);
    reader.read_ahead_to(kPrefaceAhead);
    const auto preface = read_preface(reader, epoch);
    reader.read_ahead_to(UINT64_MAX);
    if (!preface && preface.error().kind == ErrorKind::NotFound)
      return fail(ErrorKind::Damaged, "'" + path +
                                          "' is missing, and a later epoch counts on it. " +
                                          "Restore it from a copy, or start anew with --fresh");
    if (!preface) return tl::unexpected(preface.error());
    if (*preface && (*preface)->run != result_.run)
      return reader.damaged(kHeaderSize, "it belongs to another run");
    const auto skipped = skip_known(reader, epoch);
    if (!skipped) return tl::unexpected(skipped.error());
    std::uint64_t number = *skipped;
    if (auto done = read_facts(reader, epoch, number); !done) return done;
    if (stop && number != stop->facts)
      return reader.damaged(reader.offset(), "it holds " + std::to_string(number) +
                                                 " facts where a later epoch found " +
                                                 std::to_string(stop->facts));
    if (after_.epoch == epoch && after_.number > number) return beyond();
    if (!stop) result_.stops.push_back({epoch, reader.offset(), number});
    return {};
  }

  // Facts of the segment that need not be read, since they were synced and `after` covers them.
  Result<std::uint64_t> skip_known(RecordReader& reader, model::Epoch epoch) const {
    const auto& mark = part_.mark;
    if (!mark || mark->epoch != epoch || after_.epoch != epoch || mark->facts > after_.number)
      return 0;
    const auto skipped = reader.skip_to_mark(mark->bytes);
    if (!skipped) return tl::unexpected(skipped.error());
    return *skipped ? mark->facts : 0;
  }

  Result<void> read_facts(RecordReader& reader, model::Epoch epoch, std::uint64_t& number) {
    model::Fact fact;
    std::uint64_t mark = 0;
    for (;;) {
      const auto record = reader.next();
      if (!record) return tl::unexpected(record.error());
      if (reader.mark() != mark && number > 0 && FactNumber{epoch, number} <= part_.upto)
        result_.mark = SegmentStop{epoch, reader.mark(), number};
      mark = reader.mark();
      if (!*record) return {};
      const FactNumber id{epoch, ++number};
      if (id <= after_) continue;
      if ((*record)->kind != RecordKind::Fact || !from_layout((*record)->payload, fact))
        return reader.damaged((*record)->offset, "it holds a record that is no fact");
      if (id > part_.upto) continue;
      apply_(id, fact);
      ++result_.facts;
      result_.last = id;
    }
  }

  const FileSystem& files_;
  const StateFolder& folder_;
  const JournalPart& part_;
  const FactNumber after_;
  const std::function<void(FactNumber, const model::Fact&)>& apply_;
  JournalPreface newest_;
  JournalRead result_;
};

}  // namespace

Result<std::vector<model::Epoch>> list_epochs(const FileSystem& files, const StateFolder& folder) {
  const auto names = files.list(folder.journal());
  if (!names) return tl::unexpected(names.error());
  std::vector<model::Epoch> epochs;
  for (const std::string& name : *names)
    if (const auto epoch = epoch_of(name)) epochs.push_back(*epoch);
  std::sort(epochs.begin(), epochs.end());
  return epochs;
}

JournalWriter::JournalWriter(FileSystem& files, StateFolder folder,
                             std::unique_ptr<RecordWriter> records)
    : files_(files), folder_(std::move(folder)), records_(std::move(records)) {}
JournalWriter::~JournalWriter() = default;

Result<std::unique_ptr<JournalWriter>> JournalWriter::create(
    FileSystem& files, const StateFolder& folder, const std::string& run, model::Epoch epoch,
    const std::vector<SegmentStop>& stops) {
  const std::string path = folder.journal(epoch);
  if (auto made = files.make_folder(folder.journal()); !made) return tl::unexpected(made.error());
  auto file = files.create_exclusive(path);
  if (!file) return tl::unexpected(file.error());
  auto records = std::make_unique<RecordWriter>(std::move(*file), path);
  records->start(FileKind::Journal);
  records->append(RecordKind::Preface, to_layout(JournalPreface{run, epoch, stops}));
  return std::unique_ptr<JournalWriter>(new JournalWriter(files, folder, std::move(records)));
}

std::uint64_t JournalWriter::append(const model::Fact& fact) {
  records_->append(RecordKind::Fact, to_layout(fact));
  return ++appended_;
}

Result<std::uint64_t> JournalWriter::commit() {
  if (auto done = records_->commit(); !done) return tl::unexpected(done.error());
  if (!named_) {
    // Tried once, as every sync: after a failure nothing is known, and nothing is acknowledged.
    if (failed_) return fail(ErrorKind::Closed, "the journal has failed before");
    for (const std::string& parent : {folder_.journal(), folder_.path})
      if (auto done = files_.sync_folder(parent); !done) {
        failed_ = true;
        return tl::unexpected(done.error());
      }
    named_ = true;
  }
  return appended_;
}

std::uint64_t JournalWriter::bytes() const { return records_->bytes(); }

Result<JournalRead> read_journal(const FileSystem& files, const StateFolder& folder,
                                 const JournalPart& part,
                                 const std::function<void(FactNumber, const model::Fact&)>& apply) {
  return JournalReader(files, folder, part, apply).run();
}

Result<bool> read_journal_on(const FileSystem& files, const StateFolder& folder, SegmentStop& stop,
                             const std::function<void(FactNumber, const model::Fact&)>& apply) {
  const auto epochs = list_epochs(files, folder);
  if (!epochs) return tl::unexpected(epochs.error());
  for (auto epoch = epochs->rbegin(); epoch != epochs->rend() && *epoch > stop.epoch; ++epoch) {
    RecordReader newer(files, folder.journal(*epoch), FileKind::Journal);
    const auto preface = read_preface(newer, *epoch);
    if (!preface) return tl::unexpected(preface.error());
    if (*preface) return false;
  }
  RecordReader reader(files, folder.journal(stop.epoch), FileKind::Journal, stop.bytes);
  model::Fact fact;
  for (;;) {
    const auto record = reader.next();
    if (!record) return tl::unexpected(record.error());
    if (!*record) break;
    if ((*record)->kind != RecordKind::Fact || !from_layout((*record)->payload, fact))
      return reader.damaged((*record)->offset, "it holds a record that is no fact");
    apply({stop.epoch, ++stop.facts}, fact);
    stop.bytes = (*record)->end;
  }
  stop.bytes = reader.offset();
  return true;
}

Result<void> sync_journal(FileSystem& files, const StateFolder& folder,
                          const std::vector<SegmentStop>& stops) {
  for (const SegmentStop& stop : stops) {
    const auto done = files.sync_file(folder.journal(stop.epoch));
    if (!done && done.error().kind != ErrorKind::NotFound) return done;
  }
  if (stops.empty()) return {};
  return files.sync_folder(folder.journal());
}

}  // namespace mpibatch::store
