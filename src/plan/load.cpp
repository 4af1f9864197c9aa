#include <mpibatch/plan/load.hpp>

#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "plan/field.hpp"
#include "plan/manifest.hpp"
#include "plan/plan_file.hpp"
#include "plan/sheet.hpp"
#include "plan/sources.hpp"
#include "plan/task_list.hpp"
#include "plan/task_plan.hpp"
#include "plan/yaml.hpp"

namespace mpibatch::plan {

namespace {

Result<std::string> current_folder() {
  const std::unique_ptr<char, decltype(&std::free)> folder(getcwd(nullptr, 0), &std::free);
  if (!folder) return fail(ErrorKind::System, "the current folder is gone: go to another one");
  return std::string(folder.get());
}

bool is_yaml(const std::string& path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

// What stands in the plan file, in either language.
std::optional<JsonValue> parse(const std::string& text, bool yaml, const Report& report) {
  auto root = yaml ? parse_yaml(text) : parse_json(text);
  if (root) return std::move(*root);
  for (const JsonError& error : root.error()) report.add(error.where, error.message);
  return std::nullopt;
}

// Both from originals and from copies: `manifest` says what the originals are.
Loaded<LoadedPlan> load(Sources& sources, const Manifest& manifest) {
  Errors errors;
  const Report report(errors, manifest.shown);
  const auto content = sources.read(manifest.path);
  LoadedPlan loaded;
  Notices notices;
  if (!content) {
    report.add("", content.error().message);
  } else if (manifest.sheet) {
    loaded.plan = make_sheet_plan(Sheet::read(*content, separator_of(manifest.path), report),
                                  manifest.shown, *manifest.tasks, errors);
  } else if (manifest.tasks) {
    loaded.plan = make_task_plan(TaskList::read(*content, report), *manifest.tasks, errors);
  } else if (const auto root = parse(**content, is_yaml(manifest.path), report)) {
    loaded.plan = read_plan(*root, folder_of(manifest.path), sources, notices, report);
  }
  if (!errors.empty()) return tl::unexpected(errors.take());
  loaded.notices = notices.all();
  loaded.sources = sources.take();
  loaded.sources.push_back(manifest_file(manifest, loaded.sources));
  return loaded;
}

Loaded<LoadedPlan> load_original(const FileSystem& files, const std::string& path,
                                 std::optional<TaskOptions> tasks, bool sheet) {
  Sources sources(files);
  if (tasks && path == "-") return load(sources, {path, "standard input", std::move(tasks), sheet});
  const auto folder = current_folder();
  if (!folder) return tl::unexpected(std::vector<PlanError>{{path, folder.error().message}});
  return load(sources, {absolute_path(*folder, path), path, std::move(tasks), sheet});
}

}  // namespace

std::string to_string(const PlanError& error) {
  return error.where.empty() ? error.message : error.where + ": " + error.message;
}

Loaded<LoadedPlan> load_plan(const FileSystem& files, const std::string& path) {
  return load_original(files, path, std::nullopt, false);
}

Loaded<LoadedPlan> load_tasks(const FileSystem& files, const std::string& path,
                              const TaskOptions& options) {
  return load_original(files, path, options, false);
}

Loaded<LoadedPlan> load_sheet(const FileSystem& files, const std::string& path,
                              const TaskOptions& options) {
  return load_original(files, path, options, true);
}

Result<void> save_copy(FileSystem& files, const std::string& folder, const LoadedPlan& loaded) {
  if (auto made = files.make_folder(folder); !made) return made;
  for (const SourceFile& source : loaded.sources) {
    const std::string path = folder + "/" + source.name;
    const std::string draft = path + ".tmp";
    if (files.exists(draft))
      if (auto removed = files.remove(draft); !removed) return removed;
    auto file = files.create_exclusive(draft);
    if (!file) return tl::unexpected(file.error());
    if (auto written = (*file)->append(*source.content); !written) return written;
    if (auto named = files.rename(draft, path); !named) return named;
  }
  return {};
}

Result<void> sync_copy(FileSystem& files, const std::string& folder, const LoadedPlan& loaded) {
  for (const SourceFile& source : loaded.sources)
    if (auto synced = files.sync_file(folder + "/" + source.name); !synced) return synced;
  return files.sync_folder(folder);
}

Loaded<LoadedPlan> load_copy(const FileSystem& files, const std::string& folder) {
  const std::string path = folder + "/" + kManifestName;
  const auto text = files.read(path);
  if (!text) return tl::unexpected(std::vector<PlanError>{{path, text.error().message}});
  auto manifest = parse_manifest(*text, folder);
  if (!manifest) return tl::unexpected(std::vector<PlanError>{{path, manifest.error().message}});
  Sources sources(files, std::move(manifest->copies));
  return load(sources, manifest->manifest);
}

}  // namespace mpibatch::plan
