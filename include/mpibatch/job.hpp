// For job programs: what mpibatch tells an attempt through its environment. Header-only, C++17,
// needs nothing else of mpibatch and no library. Run by hand, a program that uses it still works:
// `beta=0.5 ./program`.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace mpibatch {

// A variable is missing or is not what it should be. what() says which one and why.
class JobError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The job that this process is an attempt of. Reads the environment at each call and keeps nothing,
// so it is cheap to make, may be copied, and is safe in threads as long as nobody calls setenv().
class Job {
 public:
  // The job's id, `job:index` in an array. Empty where mpibatch did not start this process.
  std::string id() const { return text("AWS_BATCH_JOB_ID"); }
  // The plan's jobName, and the queue it went through. Empty likewise.
  std::string name() const { return text("MPIBATCH_JOB_NAME"); }
  std::string queue() const { return text("AWS_BATCH_JQ_NAME"); }

  // Counts from 1; a number above 1 says that an earlier attempt failed. 1 where mpibatch did not
  // start this process. JobError where the variable is no such number.
  unsigned attempt() const { return get_or<unsigned>("AWS_BATCH_JOB_ATTEMPT", 1); }

  // Is this a child of an array job? Only then are the next two set.
  bool array_child() const { return has("AWS_BATCH_JOB_ARRAY_INDEX"); }
  // From 0 to array_size() - 1. JobError where this is no child of an array job.
  std::uint64_t array_index() const { return get<std::uint64_t>("AWS_BATCH_JOB_ARRAY_INDEX"); }
  // Children of the array. JobError where this is no child of an array job.
  std::uint64_t array_size() const { return get<std::uint64_t>("AWS_BATCH_JOB_ARRAY_SIZE"); }

  // This attempt's own folder on the node's disk, removed after the attempt: for what need not
  // outlive it. The system's folder for temporary files where mpibatch did not start this process.
  // std::filesystem::filesystem_error where it is no folder.
  std::filesystem::path tmp_folder() const { return std::filesystem::temp_directory_path(); }

  // The node that this attempt runs on, by the name that mpibatch shows. Empty where mpibatch did
  // not start this process.
  std::string node() const { return text("MPIBATCH_NODE"); }

  // Has the parameter a value? An empty one counts.
  bool has(const std::string& parameter) const { return std::getenv(parameter.c_str()) != nullptr; }

  // The value of a parameter: from a parametersFile, a parameterGrid, or the job's `environment`.
  // T is std::string, bool (`true`, `false`, `1`, `0`), an integer or a floating-point type. The
  // whole value must be a number that T can hold. JobError where it is missing or is no T.
  template <class T = std::string>
  T get(const std::string& parameter) const {
    const char* value = std::getenv(parameter.c_str());
    if (value == nullptr)
      throw JobError("parameter '" + parameter + "' is missing: set the environment variable " +
                     parameter + ", or name the parameter in the plan");
    return parse<T>(parameter, value);
  }

  // The same with a value for a parameter that is missing. JobError where it is there and no T.
  template <class T>
  T get_or(const std::string& parameter, T otherwise) const {
    return has(parameter) ? get<T>(parameter) : otherwise;
  }

 private:
  static std::string text(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? std::string() : std::string(value);
  }

  template <class T>
  static T parse(const std::string& parameter, std::string_view value) {
    if constexpr (std::is_same_v<T, std::string>) {
      return std::string(value);
    } else if constexpr (std::is_same_v<T, bool>) {
      if (value == "true" || value == "1") return true;
      if (value == "false" || value == "0") return false;
      throw JobError(complaint(parameter, value, "is neither true, false, 1 nor 0"));
    } else {
      static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, char>,
                    "a parameter is a std::string, a bool or a number");
      T number{};
      const char* end = value.data() + value.size();
      const auto [stop, error] = std::from_chars(value.data(), end, number);
      if (error == std::errc::result_out_of_range)
        throw JobError(complaint(parameter, value, "does not fit the type asked for"));
      if (error != std::errc() || stop != end)
        throw JobError(complaint(parameter, value, kind_of<T>()));
      return number;
    }
  }

  template <class T>
  static constexpr const char* kind_of() {
    if constexpr (std::is_floating_point_v<T>) return "is not a number";
    if constexpr (std::is_unsigned_v<T>) return "is not a whole number from 0 on";
    return "is not a whole number";
  }

  static std::string complaint(const std::string& parameter, std::string_view value,
                               const char* what) {
    return "parameter '" + parameter + "' has the value '" + std::string(value) + "', which " +
           what;
  }
};

}  // namespace mpibatch
