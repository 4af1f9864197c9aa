#include <mpibatch/store/segment.hpp>

#include <utility>

#include <mpibatch/base/layout.hpp>

#include "store/record.hpp"
#include "store/segment_index.hpp"

namespace mpibatch::store {

namespace {

constexpr auto kFirstKind = static_cast<std::size_t>(RecordKind::SegmentHeader);

// A record's kind is its place in the variant, so that readers can skip what they do not want.
template <std::size_t... I>
bool parse(std::size_t index, std::string_view payload, SegmentRecord& record,
           std::index_sequence<I...>) {
  return ((I == index && from_layout(payload, record.emplace<I>())) || ...);
}

bool parse(const RecordView& view, SegmentRecord& record) {
  const auto kind = static_cast<std::size_t>(view.kind);
  return kind >= kFirstKind &&
         parse(kind - kFirstKind, view.payload, record,
               std::make_index_sequence<std::variant_size_v<SegmentRecord>>());
}

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<RecordWriter> records,
                             std::unique_ptr<SegmentIndexWriter> index)
    : records_(std::move(records)), index_(std::move(index)) {}
SegmentWriter::~SegmentWriter() = default;

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(FileSystem& files,
                                                             const StateFolder& folder,
                                                             const SegmentHeader& header) {
  const std::string path = folder.segment(header.node, header.instance);
  if (auto made = files.make_folder(folder.node(header.node)); !made)
    return tl::unexpected(made.error());
  auto file = files.create_exclusive(path);
  if (!file) return tl::unexpected(file.error());
  std::unique_ptr<SegmentWriter> writer(
      new SegmentWriter(std::make_unique<RecordWriter>(std::move(*file), path),
                        std::make_unique<SegmentIndexWriter>(files, path, header)));
  writer->records_->start(FileKind::Segment);
  writer->append(header);
  if (auto done = writer->commit(); !done) return tl::unexpected(done.error());
  for (const std::string& parent : {folder.node(header.node), folder.nodes(), folder.path})
    if (auto done = files.sync_folder(parent); !done) return tl::unexpected(done.error());
  return writer;
}

void SegmentWriter::append(const SegmentRecord& record) {
  const auto kind = static_cast<RecordKind>(kFirstKind + record.index());
  std::visit([&](const auto& one) { records_->append(kind, to_layout(one)); }, record);
  index_->appended(record, records_->bytes());
}

Result<void> SegmentWriter::write() {
  auto done = records_->write();
  if (done) index_->written();
  return done;
}

Result<void> SegmentWriter::commit() {
  auto done = records_->commit();
  if (done) index_->written();
  return done;
}

Result<std::uint64_t> SegmentWriter::link_count() const { return records_->file().link_count(); }

std::uint64_t SegmentWriter::buffered_bytes() const { return records_->buffered(); }

Result<void> read_segment(const FileSystem& files, const std::string& path,
                          SegmentPosition& position,
                          const std::function<void(const SegmentRecord&)>& take) {
  RecordReader reader(files, path, FileKind::Segment, position.bytes);
  SegmentRecord record;
  for (;;) {
    const auto view = reader.next();
    if (!view) return tl::unexpected(view.error());
    if (!*view) break;
    const bool first = (*view)->offset == kHeaderSize;
    if (!parse(**view, record) || std::holds_alternative<SegmentHeader>(record) != first)
      return reader.damaged((*view)->offset, "it holds a record that does not belong there");
    take(record);
    position.bytes = (*view)->end;
  }
  position.bytes = reader.offset();
  return {};
}

Result<std::vector<std::string>> list_segments(const FileSystem& files, const StateFolder& folder) {
  const auto nodes = files.list(folder.nodes());
  if (!nodes) return tl::unexpected(nodes.error());
  std::vector<std::string> paths;
  for (const std::string& node : *nodes) {
    const std::string parent = folder.nodes() + "/" + node;
    const auto names = files.list(parent);
    if (!names) continue;  // a file somebody put there
    for (const std::string& name : *names)
      if (name.ends_with(kSegmentSuffix)) paths.push_back(parent + "/" + name);
  }
  return paths;
}

}  // namespace mpibatch::store
