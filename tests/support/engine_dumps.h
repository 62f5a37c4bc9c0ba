// Writes dumps as serving engines do, for tests and benches: SGLang's recorder, NPY, replies.
#pragma once

#include <string>
#include <vector>

#include "tests/support/torch_writer.h"

namespace moescope::test {

/// One forward pass of one rank, as its record in a per_pass dump.
struct PassRecord {
  int pass = 0;
  int rank = 0;
  std::vector<int> counts;  ///< [layer][slot]
  std::string gatherer = "primary";
};

inline std::string int64_bytes(const std::vector<int>& values) {
  std::string bytes;
  for (const int v : values)
    bytes += little(static_cast<std::uint64_t>(static_cast<std::int64_t>(v)), 8);
  return bytes;
}

/// A file of SGLang's recorder in mode per_pass. @param map [layer][slot]
inline std::string per_pass_file(int layers, const std::vector<int>& map,
                                 const std::vector<PassRecord>& records) {
  const int slot_count = static_cast<int>(map.size()) / layers;
  std::vector<std::string> items, storages = {int64_bytes(map)};
  for (const auto& record : records) {
    items.push_back(p_dict({{"forward_pass_id", p_int(record.pass)},
                            {"rank", p_int(record.rank)},
                            {"gatherer_key", p_text(record.gatherer)},
                            {"global_physical_count",
                             p_tensor(std::to_string(storages.size()), {layers, slot_count})}}));
    storages.push_back(int32_bytes(record.counts));
  }
  return torch_archive(pickled(p_dict({{"records", p_list(items)},
                                       {"last_physical_to_logical_map",
                                        p_tensor("0", {layers, slot_count}, "LongStorage")}})),
                       storages);
}

/// A file of SGLang's recorder in mode stat. @param shape [steps][layers][experts]
inline std::string stat_file(const std::vector<int>& shape, const std::vector<int>& values) {
  return torch_archive(pickled(p_dict({{"rank", p_int(0)},
                                       {"logical_count", p_tensor("0", shape)},
                                       {"average_utilization_rate_over_window", "N"}})),
                       {int32_bytes(values)});
}

/// @param type e.g. "<i4" @param shape e.g. "(2, 3)"
inline std::string npy_file(const std::string& type, const std::string& shape,
                            const std::string& data) {
  const auto header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\x00", 8) + little(header.size(), 2) + header + data;
}

inline std::string base64_text(const std::string& bytes) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (int j = 3; j >= 0; --j) text += kDigits[bits >> (6 * j) & 63];
    for (std::size_t j = i + 3; j > bytes.size(); --j) text[text.size() - (j - bytes.size())] = '=';
  }
  return text;
}

}  // namespace moescope::test
