#include "plan/sources.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>

namespace mpibatch::plan {

namespace {

// A file name that keeps what can be kept of the original's.
std::string copy_name(const std::string& path, std::size_t number) {
  constexpr std::size_t kLengthMax = 100;
  std::string name = path == "-" ? "stdin" : path.substr(path.rfind('/') + 1);
  if (name.size() > kLengthMax) name.erase(0, name.size() - kLengthMax);
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '_' || c == '-');
      },
      '_');
  return std::to_string(number) + "-" + name;
}

}  // namespace

Result<std::shared_ptr<const std::string>> Sources::read(const std::string& path) {
  for (const SourceFile& source : sources_)
    if (source.path == path) return source.content;
  auto text = content(path);
  if (!text) return tl::unexpected(text.error());
  sources_.push_back({path, copy_name(path, sources_.size()),
                      std::make_shared<const std::string>(std::move(*text))});
  return sources_.back().content;
}

Result<std::string> Sources::content(const std::string& path) const {
  if (from_copies_) {
    const auto copy = copies_.find(path);
    if (copy == copies_.end())
      return fail(ErrorKind::Damaged, "the plan's copy does not hold '" + path + "'");
    return files_.read(copy->second);
  }
  if (path != "-") return files_.read(path);
  std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  if (std::cin.bad()) return fail(ErrorKind::System, "cannot read the standard input");
  return text;
}

std::string absolute_path(const std::string& folder, const std::string& path) {
  if (path.starts_with('/')) return path;
  return folder.ends_with('/') ? folder + path : folder + "/" + path;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

}  // namespace mpibatch::plan
