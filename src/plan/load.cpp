#include <mpibatch/plan/load.hpp>

#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "plan/field.hpp"
#include "plan/manifest.hpp"
#include "plan/plan_file.hpp"
#include "plan/sources.hpp"
#include "plan/task_list.hpp"

namespace mpibatch::plan {

namespace {

Result<std::string> current_folder() {
  const std::unique_ptr<char, decltype(&std::free)> folder(getcwd(nullptr, 0), &std::free);
  if (!folder) return fail(ErrorKind::System, "the current folder is gone: go to another one");
  return std::string(folder.get());
}

bool is_yaml(const std::string& path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

Loaded<LoadedPlan> finish(Errors& errors, Sources& sources, model::Plan plan,
                          const Manifest& manifest) {
  if (!errors.empty()) return tl::unexpected(errors.take());
  LoadedPlan loaded{std::move(plan), sources.take()};
  loaded.sources.push_back(manifest_file(manifest, loaded.sources));
  return loaded;
}

// Both from originals and from copies: `manifest` says what the originals are.
Loaded<LoadedPlan> load(Sources& sources, const Manifest& manifest) {
  Errors errors;
  const Report report(errors, manifest.shown);
  const auto content = sources.read(manifest.path);
  model::Plan plan;
  if (!content) {
    report.add("", content.error().message);
  } else if (manifest.tasks) {
    plan = make_task_plan(TaskList::read(*content, report), *manifest.tasks, report);
  } else {
    plan = read_plan(**content, folder_of(manifest.path), sources, report);
  }
  return finish(errors, sources, std::move(plan), manifest);
}

}  // namespace

std::string to_string(const PlanError& error) {
  return error.where.empty() ? error.message : error.where + ": " + error.message;
}

Loaded<LoadedPlan> load_plan(const FileSystem& files, const std::string& path) {
  if (is_yaml(path))
    return tl::unexpected(
        std::vector<PlanError>{{path, "YAML plans are not supported yet: write it as JSON"}});
  const auto folder = current_folder();
  if (!folder) return tl::unexpected(std::vector<PlanError>{{path, folder.error().message}});
  Sources sources(files);
  return load(sources, {absolute_path(*folder, path), path, std::nullopt});
}

Loaded<LoadedPlan> load_tasks(const FileSystem& files, const std::string& path,
                              const TaskOptions& options) {
  Sources sources(files);
  if (path == "-") return load(sources, {path, "standard input", options});
  const auto folder = current_folder();
  if (!folder) return tl::unexpected(std::vector<PlanError>{{path, folder.error().message}});
  return load(sources, {absolute_path(*folder, path), path, options});
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
