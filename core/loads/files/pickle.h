// The pickles that torch.save writes for tensors and torch's Pickler for plain values, and nothing
// else.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

/// Values live in an arena and refer to each other by index, so that no input nests C++ objects.
/// Numbers, booleans and the empty tuple are kept once each: lists of millions of them cost four
/// bytes per item.
struct PickleValue {
  enum class Kind { None, Bool, Int, Float, Text, List, Tuple, Dict, Global, Storage, Tensor };
  Kind kind = Kind::None;
  std::int64_t integer = 0;  ///< also of Bool; which tensor() a Storage or Tensor is
  double real = 0;
  std::string text;                  ///< Text; "module name" of a Global
  std::vector<std::uint32_t> items;  ///< List, Tuple; Dict as key, value, key, value
};

/// A tensor, or a storage that a tensor is made of.
struct PickledTensor {
  std::string type;          ///< of the elements, e.g. "IntStorage"; since torch 2.3 also "uint16"
  std::string key;           ///< of the storage in the archive
  std::uint64_t offset = 0;  ///< elements
  std::vector<std::uint64_t> shape, stride;
};

class Pickle {
 public:
  /// Reads a pickle of protocol 2 to 5 that consists of numbers, texts, lists, tuples, dicts and
  /// tensors of the torch storages. Any other opcode or global is refused by name; nothing is ever
  /// executed. Memory stays below a small multiple of the input, and below 600 MiB. Throws Error.
  Pickle(std::string_view bytes, const std::string& source);

  const PickleValue& root() const { return value(root_); }
  const PickleValue& value(std::uint32_t index) const { return arena_[index]; }
  /// @pre value is a Tensor
  const PickledTensor& tensor(const PickleValue& value) const {
    return tensors_[static_cast<std::size_t>(value.integer)];
  }
  /// Value of a text key of a dict, nullptr when absent.
  const PickleValue* find(const PickleValue& dict, std::string_view key) const;

 private:
  friend class PickleReader;
  std::deque<PickleValue> arena_;
  std::deque<PickledTensor> tensors_;
  std::uint32_t root_ = 0;
};

}  // namespace moescope
