// The pickles that torch.save writes for tensors, and nothing else.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

/// Values live in an arena and name each other by index, so that no input nests C++ objects.
struct PickleValue {
  enum class Kind { None, Bool, Int, Float, Text, List, Tuple, Dict, Global, Storage, Tensor };
  Kind kind = Kind::None;
  std::int64_t integer = 0;  ///< also of Bool
  double real = 0;
  std::string text;                  ///< Text; "module name" of a Global; key of a Storage
  std::vector<std::uint32_t> items;  ///< List, Tuple; Dict as key, value, key, value
  // Storage and Tensor
  std::string type;                ///< e.g. "IntStorage"
  std::uint64_t storage_size = 0;  ///< elements
  std::uint64_t offset = 0;        ///< elements
  std::vector<std::uint64_t> shape, stride;
};

class Pickle {
 public:
  /// Reads a pickle of protocol 2 to 5 that consists of numbers, texts, lists, tuples, dicts and
  /// tensors of the torch storages. Any other opcode or global is refused by name; nothing is ever
  /// executed. Memory stays below a small multiple of the input. Throws Error.
  Pickle(std::string_view bytes, const std::string& source);

  const PickleValue& root() const { return value(root_); }
  const PickleValue& value(std::uint32_t index) const { return arena_[index]; }
  /// Value of a text key of a dict, nullptr when absent.
  const PickleValue* find(const PickleValue& dict, std::string_view key) const;

 private:
  friend class PickleReader;
  std::deque<PickleValue> arena_;
  std::uint32_t root_ = 0;
};

}  // namespace moescope
