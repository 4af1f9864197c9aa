// What nodes are chosen by: names and features.
#pragma once

#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>

namespace mpibatch::model {

// Whether `host` is one of a pattern's: a name with ranges in brackets, as Slurm writes them
// (`gpu[1-4,07-12]`; several brackets are fine, leading zeros count). A host's name up to its first
// dot counts as well. False where the pattern is malformed.
bool host_matches(const std::string& pattern, const std::string& host);
// What is wrong with a pattern; empty: nothing.
std::string host_pattern_fault(const std::string& pattern);

// A node says `word`, `name:value` or `name=number`. A wish is one of its words, or `name>=number`
// (also `<=` and `=`), which compares with its `name=number`.
bool has_feature(const std::vector<std::string>& features, const std::string& wish);
bool has_features(const std::vector<std::string>& features, const std::vector<std::string>& wishes);
std::string feature_wish_fault(const std::string& wish);

}  // namespace mpibatch::model
