#include <mpibatch/cli/cli.hpp>

int main(int argc, char** argv) { return mpibatch::cli::run_command_line(argc, argv, nullptr); }
