// Help as a user reads it: `N (1 to 10, default 3)` where CLI11 has `UINT:UINT in [1 - 10]=3`.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace mpibatch::cli {

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_option_opts(const CLI::Option* option) const override;
};

}  // namespace mpibatch::cli
