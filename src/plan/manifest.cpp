#include "plan/manifest.hpp"

#include <nlohmann/json.hpp>

namespace mpibatch::plan {

namespace {

// {"version": 2, "path": …, "shown": …, "files": [{"name": …, "path": …}], "tasks": {…}}; "sheet"
// instead of "tasks" where the path is a sheet's. A reader refuses versions that it does not know.
// Version 1 had fewer fields.
constexpr int kVersion = 2;

nlohmann::ordered_json tasks_json(const TaskOptions& tasks) {
  return {{"vcpus", tasks.vcpus},
          {"memoryMiB", tasks.memory_mib},
          {"timeoutMicroseconds", tasks.timeout.count()},
          {"attempts", tasks.attempts},
          {"command", tasks.command},
          {"gpus", tasks.gpus},
          {"key", tasks.key},
          {"maxLogMiB", tasks.log_mib_max},
          {"logFiles", tasks.log_files},
          {"maxFailures", tasks.max_failures ? nlohmann::ordered_json(*tasks.max_failures)
                                             : nlohmann::ordered_json(nullptr)}};
}

TaskOptions tasks_of(const nlohmann::json& json) {
  TaskOptions tasks;
  tasks.vcpus = json.at("vcpus").get<std::uint32_t>();
  tasks.memory_mib = json.at("memoryMiB").get<std::uint64_t>();
  tasks.timeout = Duration{json.at("timeoutMicroseconds").get<std::int64_t>()};
  tasks.attempts = json.at("attempts").get<std::uint32_t>();
  tasks.command = json.at("command").get<std::vector<std::string>>();
  tasks.gpus = json.value("gpus", tasks.gpus);
  tasks.key = json.value("key", tasks.key);
  tasks.log_mib_max = json.value("maxLogMiB", tasks.log_mib_max);
  tasks.log_files = json.value("logFiles", tasks.log_files);
  if (json.contains("maxFailures") && !json.at("maxFailures").is_null())
    tasks.max_failures = json.at("maxFailures").get<std::uint64_t>();
  return tasks;
}

}  // namespace

SourceFile manifest_file(const Manifest& manifest, const std::vector<SourceFile>& sources) {
  nlohmann::ordered_json json{
      {"version", kVersion}, {"path", manifest.path}, {"shown", manifest.shown}};
  json["files"] = nlohmann::ordered_json::array();
  for (const SourceFile& source : sources)
    json["files"].push_back({{"name", source.name}, {"path", source.path}});
  if (manifest.tasks) json[manifest.sheet ? "sheet" : "tasks"] = tasks_json(*manifest.tasks);
  // A path that is not UTF-8 changes in the same way wherever it stands: copies are still found.
  std::string text = json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return {"", kManifestName, std::make_shared<const std::string>(std::move(text) + "\n")};
}

Result<ParsedManifest> parse_manifest(const std::string& text, const std::string& folder) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.at("version") != 1 && json.at("version") != kVersion)
      return fail(ErrorKind::Damaged, "has version " + json.at("version").dump() +
                                          "; this program knows up to " + std::to_string(kVersion));
    ParsedManifest parsed;
    parsed.manifest.path = json.at("path").get<std::string>();
    parsed.manifest.shown = json.at("shown").get<std::string>();
    parsed.manifest.sheet = json.contains("sheet");
    const char* tasks = parsed.manifest.sheet ? "sheet" : "tasks";
    if (json.contains(tasks)) parsed.manifest.tasks = tasks_of(json.at(tasks));
    for (const auto& file : json.at("files"))
      parsed.copies[file.at("path").get<std::string>()] =
          folder + "/" + file.at("name").get<std::string>();
    return parsed;
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorKind::Damaged, std::string("is damaged: ") + error.what());
  }
}

}  // namespace mpibatch::plan
