#include "node/command.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <mpibatch/model/plan.hpp>
#include <mpibatch/model/task_line.hpp>

namespace mpibatch::node {

namespace {

using Found = tl::expected<std::string, StartFailure>;

constexpr std::size_t kKnownMax = 64;
constexpr std::string_view kDefaultSearch = "/usr/local/bin:/usr/bin:/bin";  // without a PATH

tl::unexpected<StartFailure> cannot(int code, std::string reason) {
  return tl::unexpected<StartFailure>(StartFailure{code, shortened(std::move(reason))});
}

enum class FileKind { Missing, Hidden, Folder, NotExecutable, Executable };

FileKind kind_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return errno == EACCES ? FileKind::Hidden : FileKind::Missing;
  if (S_ISDIR(status.st_mode)) return FileKind::Folder;
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? FileKind::Executable
                                                                    : FileKind::NotExecutable;
}

std::string in_folder(const std::string& folder, const std::string& path) {
  return path.front() == '/' ? path : folder + "/" + path;
}

Found find_by_path(const std::string& word, const CommandPlace& place) {
  const std::string path = in_folder(place.folder, word);
  switch (kind_of(path)) {
    case FileKind::Executable:
      return path;
    case FileKind::Missing:
      return cannot(127, "command not found on " + place.host + ": '" + word + "'" +
                             (path == word ? "" : " (in " + place.folder + ")"));
    case FileKind::Hidden:
      return cannot(126, "cannot look at '" + path + "' on " + place.host + ": permission denied");
    case FileKind::Folder:
      return cannot(126, "'" + word + "' is a folder, not a program");
    case FileKind::NotExecutable:
      break;
  }
  return cannot(126, "not executable on " + place.host + ": '" + word + "'; try chmod +x");
}

Found find_by_search(const std::string& word, const CommandPlace& place) {
  std::string_view left = place.search.empty() ? kDefaultSearch : place.search;
  const std::string searched(left);
  std::optional<std::string> unusable;
  // A folder that may not be looked into has nothing for this user, as shells see it.
  while (true) {
    const std::size_t end = std::min(left.find(':'), left.size());
    const std::string folder(left.substr(0, end));
    const std::string path = in_folder(place.folder, folder.empty() ? "." : folder) + "/" + word;
    const FileKind kind = kind_of(path);
    if (kind == FileKind::Executable) return path;
    if (kind == FileKind::NotExecutable && !unusable) unusable = path;
    if (end == left.size()) break;
    left.remove_prefix(end + 1);
  }
  if (unusable) return cannot(126, "not executable on " + place.host + ": '" + *unusable + "'");
  return cannot(127,
                "command not found on " + place.host + ": '" + word + "' (PATH=" + searched + ")");
}

// A line runs without a shell only where that makes no difference.
tl::expected<Command, StartFailure> line_command(const std::string& line, const CommandPlace& place,
                                                 KnownPrograms& known) {
  if (auto words = model::task_line_words(line); words && !words->empty())
    if (Found path = known.find(words->front(), place))
      return Command{std::move(*path), std::move(*words)};
  const std::string shell(place.shell.empty() ? "/bin/sh" : place.shell);
  Found path = known.find(shell, place);
  if (!path) return tl::unexpected<StartFailure>(path.error());
  return Command{std::move(*path), {shell, "-c", line}};
}

}  // namespace

std::string shortened(std::string reason) {
  constexpr std::string_view kMore = "...";
  if (reason.size() > kReasonBytesMax) {
    reason.resize(kReasonBytesMax - kMore.size());
    reason += kMore;
  }
  return reason;
}

Found find_program(const std::string& word, const CommandPlace& place) {
  if (word.empty()) return cannot(127, "the command's first word is empty");
  return word.find('/') == std::string::npos ? find_by_search(word, place)
                                             : find_by_path(word, place);
}

Found KnownPrograms::find(const std::string& word, const CommandPlace& place) {
  if (folder_ != place.folder || search_ != place.search) {
    paths_.clear();
    folder_ = place.folder;
    search_ = place.search;
  }
  if (const auto known = paths_.find(word); known != paths_.end()) return known->second;
  Found found = find_program(word, place);
  if (!found) return found;
  if (paths_.size() == kKnownMax) paths_.clear();
  paths_.emplace(word, *found);
  return found;
}

bool KnownPrograms::forget() {
  const bool any = !paths_.empty();
  paths_.clear();
  return any;
}

std::optional<StartFailure> fault_of(const std::string& word, const CommandPlace& place) {
  struct stat status {};
  const bool there = ::stat(place.folder.c_str(), &status) == 0;
  if (!there || !S_ISDIR(status.st_mode)) {
    const std::string why = std::strerror(there ? ENOTDIR : errno);
    return StartFailure{
        125, shortened("working directory '" + place.folder + "' on " + place.host + ": " + why)};
  }
  const Found found = find_program(word, place);
  if (found) return std::nullopt;
  return found.error();
}

tl::expected<Command, StartFailure> find_command(const model::JobTemplate& job,
                                                 const Parameters& parameters,
                                                 const CommandPlace& place, KnownPrograms& known) {
  if (job.command.empty()) return cannot(127, "the job has no command");
  Command command;
  for (const std::string& word : job.command) {
    command.words.push_back(model::substitute_parameters(word, parameters));
    if (command.words.back().find('\0') != std::string::npos)
      return cannot(125, "a word of the command holds a zero byte, which no process can be given");
  }
  if (job.task_line) return line_command(command.words.front(), place, known);
  const std::string& word = command.words.front();
  if (word.find('/') != std::string::npos) {
    command.path = in_folder(place.folder, word);
    return command;
  }
  Found path = known.find(word, place);
  if (!path) return tl::unexpected<StartFailure>(path.error());
  command.path = std::move(*path);
  return command;
}

}  // namespace mpibatch::node
