// One input of the plan fuzzer: what it does with it, and how inputs are made.
#pragma once

#include <cstddef>
#include <cstdint>

// Reads the input as a plan, as a sheet or as a list of tasks, as its first byte says, and aborts
// where what comes of it does not hold together. Behind a NUL byte the sheet of a plan follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
