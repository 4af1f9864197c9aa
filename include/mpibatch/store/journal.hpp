// The journal: facts in order, one segment file an epoch, append-only. Layouts in docs above
// RecordFrame (record.hpp). A record that is bad before a later "synced up to" mark is damage;
// after the last mark it is a tail and is ignored. Nothing is ever truncated: the first record of a
// newer segment says where each older one stops.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/fact.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

// Numbers a fact for ever: the n-th of its epoch, from 1.
struct FactNumber {
  model::Epoch epoch{};
  std::uint64_t number = 0;
  auto operator<=>(const FactNumber&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& number;
  }
};
inline constexpr FactNumber kLastFact{model::Epoch{UINT32_MAX}, UINT64_MAX};

// Where an older segment ends for all readers, as the rank 0 after it found (and synced) it.
struct SegmentStop {
  model::Epoch epoch{};
  std::uint64_t bytes = 0;
  std::uint64_t facts = 0;
  auto operator<=>(const SegmentStop&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& bytes& facts;
  }
};

class RecordWriter;

// The first record of each segment.
struct JournalPreface {
  std::string run;
  model::Epoch epoch{};
  std::vector<SegmentStop> stops;  // of all older segments that count, in order
  bool operator==(const JournalPreface&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& epoch& stops;
  }
};

class JournalWriter {
 public:
  ~JournalWriter();
  // Creates journal/<epoch>.journal, which begins with the stops of all older segments. The first
  // commit makes the file itself durable, too: until then it counts as empty.
  static Result<std::unique_ptr<JournalWriter>> create(FileSystem& files, const StateFolder& folder,
                                                       const std::string& run, model::Epoch epoch,
                                                       const std::vector<SegmentStop>& stops);
  // Buffers; returns the fact's number in this epoch, from 1.
  std::uint64_t append(const model::Fact& fact);
  // Writes what is buffered, syncs, and returns the highest number that is now safe. A failure is
  // final: it is told once, every later call is refused as Closed.
  Result<std::uint64_t> commit();
  std::uint64_t bytes() const;  // written and buffered

 private:
  JournalWriter(FileSystem& files, StateFolder folder, std::unique_ptr<RecordWriter> records);
  FileSystem& files_;
  const StateFolder folder_;
  std::unique_ptr<RecordWriter> records_;
  std::uint64_t appended_ = 0;
  bool named_ = false;   // its folders are synced
  bool failed_ = false;  // … could not be
};

// What a reader wants of the journal.
struct JournalPart {
  FactNumber after = {};
  FactNumber upto = kLastFact;
  // Where a mark stood in the segment of `after`, and how many facts before it, none of them behind
  // `after`. If it still stands there, what is before it was synced, and is not read again.
  std::optional<SegmentStop> mark = {};
};

struct JournalRead {
  std::string run;                 // empty: there is no journal
  std::vector<SegmentStop> stops;  // of every segment that counts: what the next writer records
  std::uint64_t facts = 0;         // handed out
  FactNumber last;                 // the last of them, or `after`
  std::optional<SegmentStop>
      mark;  // the last one that was read, and stands behind none after `last`
};

// Hands out the facts of that part in order. `files` is only read. Damaged names the file and the
// byte. A fact of a segment beyond the stop that a newer segment records does not count, nor does a
// segment that the newest one does not name: its writer was superseded before it recorded anything.
// A segment that `after` covers wholly may be missing; an `after` beyond its epoch's stop is
// Damaged: take an older snapshot.
Result<JournalRead> read_journal(const FileSystem& files, const StateFolder& folder,
                                 const JournalPart& part,
                                 const std::function<void(FactNumber, const model::Fact&)>& apply);

// Hands out the facts that the newest segment holds behind `stop`, the last of JournalRead::stops,
// and moves it. False: another segment counts by now; read the journal as a whole.
Result<bool> read_journal_on(const FileSystem& files, const StateFolder& folder, SegmentStop& stop,
                             const std::function<void(FactNumber, const model::Fact&)>& apply);

// Syncs every segment file and the folder, before a new rank 0 records their stops.
Result<void> sync_journal(FileSystem& files, const StateFolder& folder,
                          const std::vector<SegmentStop>& stops);

}  // namespace mpibatch::store
