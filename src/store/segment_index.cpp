#include "store/segment_index.hpp"

#include <algorithm>
#include <functional>
#include <type_traits>

#include <mpibatch/base/layout.hpp>

namespace mpibatch::store {

namespace {

std::string index_path(const std::string& segment) {
  return segment.substr(0, segment.size() - kSegmentSuffix.size()) + ".index";
}

std::uint64_t number_of(ChildKey key) {
  return std::uint64_t{model::number_of(key.job)} << 32U | key.child;
}

std::optional<ChildKey> key_of(const SegmentRecord& record) {
  return std::visit(
      [](const auto& one) -> std::optional<ChildKey> {
        if constexpr (requires { one.execution; })
          return ChildKey{one.execution.job, one.execution.child};
        else
          return std::nullopt;
      },
      record);
}

std::optional<model::Revision> revision_in(
    const std::vector<std::pair<model::GrantId, model::Revision>>& steps, model::GrantId grant) {
  const auto after =
      std::upper_bound(steps.begin(), steps.end(), grant,
                       [](model::GrantId wanted, const auto& step) { return wanted < step.first; });
  if (after == steps.begin()) return std::nullopt;
  return std::prev(after)->second;
}

}  // namespace

bool SegmentBlock::may_speak_of(ChildKey first, ChildKey last) const {
  const auto span =
      std::lower_bound(spans.begin(), spans.end(), first,
                       [](const ChildSpan& one, ChildKey wanted) { return one.second < wanted; });
  return span != spans.end() && span->first <= last;
}

std::vector<ChildSpan> spans_of(std::vector<ChildKey> keys, std::size_t most) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  // The widest gaps stay.
  std::vector<std::uint64_t> gaps;
  for (std::size_t i = 1; i < keys.size(); ++i)
    if (const std::uint64_t gap = number_of(keys[i]) - number_of(keys[i - 1]); gap > 1)
      gaps.push_back(gap);
  std::uint64_t joined = 1;
  if (gaps.size() >= most) {
    const auto last = gaps.begin() + static_cast<std::ptrdiff_t>(most - 1);
    std::nth_element(gaps.begin(), last, gaps.end(), std::greater<>());
    joined = *last;
  }
  std::vector<ChildSpan> spans;
  for (const ChildKey key : keys) {
    if (!spans.empty() && number_of(key) - number_of(spans.back().second) <= joined)
      spans.back().second = key;
    else
      spans.emplace_back(key, key);
  }
  return spans;
}

// ---- writer

SegmentIndexWriter::SegmentIndexWriter(FileSystem& files, const std::string& segment,
                                       SegmentHeader header)
    : files_(files), path_(index_path(segment)), header_(std::move(header)) {}

void SegmentIndexWriter::appended(const SegmentRecord& record, std::uint64_t end) {
  if (given_up_) return;
  if (const auto* grant = std::get_if<GrantReceived>(&record)) note_grant(*grant);
  if (const auto key = key_of(record); key && (keys_.empty() || keys_.back() != *key))
    keys_.push_back(*key);
  if (end - begin_ >= kBlockBytes) close_block(end);
}

// Grants are numbered as they are given, so revisions are steps in them. Where that should not hold
// readers go through the records themselves.
void SegmentIndexWriter::note_grant(const GrantReceived& grant) {
  const bool known = revision_in(revisions_, grant.grant) == grant.revision;
  if (!known && !revisions_.empty() && grant.grant <= last_grant_) {
    given_up_ = true;
    return;
  }
  if (!known) revisions_.emplace_back(grant.grant, grant.revision);
  last_grant_ = std::max(last_grant_, grant.grant);
}

void SegmentIndexWriter::close_block(std::uint64_t end) {
  const auto told = revisions_.begin() + static_cast<std::ptrdiff_t>(revisions_told_);
  closed_.push_back({begin_, end, {told, revisions_.end()}, spans_of(std::move(keys_), kSpansMax)});
  revisions_told_ = revisions_.size();
  keys_.clear();
  begin_ = end;
}

void SegmentIndexWriter::written() {
  if (given_up_ || closed_.empty()) return;
  if (!records_) {
    auto file = files_.create_exclusive(path_);
    if (!file) {
      given_up_ = true;
      return;
    }
    records_ = std::make_unique<RecordWriter>(std::move(*file), path_);
    records_->start(FileKind::SegmentIndex);
    records_->append(RecordKind::SegmentHeader, to_layout(header_));
  }
  for (const SegmentBlock& block : closed_)
    records_->append(RecordKind::SegmentBlock, to_layout(block));
  closed_.clear();
  given_up_ = !records_->write();
}

// ---- reader

std::optional<model::Revision> SegmentIndex::revision_of(model::GrantId grant) const {
  std::optional<model::Revision> revision;
  for (const SegmentBlock& block : blocks) {
    if (block.revisions.empty()) continue;
    if (grant < block.revisions.front().first) break;
    revision = revision_in(block.revisions, grant);
  }
  return revision;
}

SegmentIndex read_segment_index(const FileSystem& files, const std::string& segment) {
  SegmentIndex index;
  if (!segment.ends_with(kSegmentSuffix)) return index;
  RecordReader reader(files, index_path(segment), FileKind::SegmentIndex);
  // Whatever is wrong with it: the segment itself has everything from there on.
  const auto first = reader.next();
  if (!first || !*first || (*first)->kind != RecordKind::SegmentHeader ||
      !from_layout((*first)->payload, index.header))
    return index;
  for (;;) {
    const auto record = reader.next();
    SegmentBlock block;
    if (!record || !*record || (*record)->kind != RecordKind::SegmentBlock ||
        !from_layout((*record)->payload, block) || block.begin != index.end() ||
        block.end <= block.begin)
      return index;
    index.blocks.push_back(std::move(block));
  }
}

}  // namespace mpibatch::store
