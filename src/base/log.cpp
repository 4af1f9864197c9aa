#include <mpibatch/base/log.hpp>

#include <memory>
#include <string>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace mpibatch {
namespace {

struct Log {
  spdlog::logger logger{"mpibatch", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  std::string speaker;

  Log() {
    logger.set_pattern("mpibatch: %v");
    logger.set_level(spdlog::level::info);
  }
};

Log& the_log() {
  // Never destroyed: threads may still speak while the process ends.
  static Log* const log = new Log;
  return *log;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string prefix(LogLevel level, const std::string& speaker) {
  switch (level) {
    case LogLevel::Debug:
      return speaker.empty() ? "" : speaker + ": ";
    case LogLevel::Info:
      return "";
    case LogLevel::Warning:
      return "warning: ";
    case LogLevel::Error:
      return "error: ";
  }
  return "";
}

}  // namespace

void log_setup(LogLevel shown, std::string_view speaker) {
  the_log().logger.set_level(spdlog_level(shown));
  the_log().speaker = speaker;
}

void log(LogLevel level, std::string_view message) {
  Log& log = the_log();
  if (!log.logger.should_log(spdlog_level(level))) return;
  log.logger.log(spdlog_level(level), prefix(level, log.speaker).append(message));
}

}  // namespace mpibatch
