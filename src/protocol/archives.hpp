// Boost's binary archive over bytes in memory. The input side refuses what would make Boost crash
// or allocate wildly: sizes beyond the bytes that are left, bools but 0 and 1, unknown enumerators.
#pragma once

#include <cstdint>
#include <streambuf>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/archive/binary_iarchive_impl.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/archive/impl/basic_binary_iarchive.ipp>
#include <boost/archive/impl/basic_binary_iprimitive.ipp>
#include <boost/serialization/string.hpp>

#include <mpibatch/base/layout.hpp>

namespace mpibatch::protocol {

inline constexpr unsigned kArchiveFlags = boost::archive::no_header | boost::archive::no_codecvt;

// Appends to a string.
class StringOutput final : public std::streambuf {
 public:
  explicit StringOutput(std::string& bytes) : bytes_(bytes) {}

 protected:
  std::streamsize xsputn(const char* from, std::streamsize size) override {
    bytes_.append(from, static_cast<std::size_t>(size));
    return size;
  }
  int_type overflow(int_type byte) override {
    if (!traits_type::eq_int_type(byte, traits_type::eof()))
      bytes_.push_back(traits_type::to_char_type(byte));
    return traits_type::not_eof(byte);
  }

 private:
  std::string& bytes_;
};

class StringInput final : public std::streambuf {
 public:
  explicit StringInput(std::string_view bytes) {
    char* begin = const_cast<char*>(bytes.data());  // the get area is never written to
    setg(begin, begin, begin + bytes.size());
  }
  std::size_t left() const { return static_cast<std::size_t>(egptr() - gptr()); }
};

using OutputArchive = boost::archive::binary_oarchive;

class InputArchive final
    : public boost::archive::binary_iarchive_impl<InputArchive, char, std::char_traits<char>> {
 public:
  explicit InputArchive(StringInput& input)
      : binary_iarchive_impl(input, kArchiveFlags), input_(input) {}

  // To be called with each size that was read, before anything is allocated for it: every element
  // takes a byte at least.
  void expect(std::uint64_t size) const {
    if (size > input_.left()) refuse();
  }
  [[noreturn]] static void refuse() {
    throw boost::archive::archive_exception(boost::archive::archive_exception::input_stream_error);
  }

 private:
  friend class boost::archive::detail::interface_iarchive<InputArchive>;
  friend class boost::archive::basic_binary_iarchive<InputArchive>;
  friend class boost::archive::load_access;

  template <class T>
  void load_override(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      load(byte);
      if (byte > 1) refuse();
      value = byte != 0;
    } else if constexpr (std::is_same_v<T, std::string>) {
      std::size_t size = 0;
      load(size);
      expect(size);
      value.resize(size);
      if (size > 0) load_binary(value.data(), size);
    } else {
      binary_iarchive_impl::load_override(value);
      if constexpr (BoundedEnum<T>) {
        if (value > last_of(value)) refuse();
      }
    }
  }

  const StringInput& input_;
};

}  // namespace mpibatch::protocol
