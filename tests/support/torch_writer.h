// Writes the bytes of torch.save archives, also damaged ones.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace moescope::test {

inline std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

/// A zip archive without compression.
inline std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string body, directory;
  for (const auto& [name, data] : entries) {
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size()));
    const std::string common = little(0, 2) + little(0, 2) + little(0, 2) + little(33, 2) +
                               little(crc, 4) + little(data.size(), 4) + little(data.size(), 4) +
                               little(name.size(), 2) + little(0, 2);
    directory += "PK\x01\x02" + little(20, 2) + little(20, 2) + common + little(0, 2) +
                 little(0, 2) + little(0, 2) + little(0, 4) + little(body.size(), 4) + name;
    body += "PK\x03\x04" + little(20, 2) + common + name + data;
  }
  return body + directory + "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) +
         little(entries.size(), 2) + little(directory.size(), 4) + little(body.size(), 4) +
         little(0, 2);
}

// Pieces of a pickle of protocol 2.
inline std::string pickled(const std::string& body) {
  return "\x80\x02" + body + ".";
}
inline std::string p_text(const std::string& text) {
  return "X" + little(text.size(), 4) + text;
}
inline std::string p_int(int value) {
  return "J" + little(static_cast<std::uint32_t>(value), 4);
}
inline std::string p_dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string body = "}(";
  for (const auto& [key, value] : items) body += p_text(key) + value;
  return body + "u";
}
inline std::string p_list(const std::vector<std::string>& items) {
  std::string body = "](";
  for (const auto& item : items) body += item;
  return body + "e";
}
inline std::string p_tuple(const std::vector<int>& items) {
  std::string body = "(";
  for (const int item : items) body += p_int(item);
  return body + "t";
}
/// A tensor in storage `key`, as torch._utils._rebuild_tensor_v2 makes it. @param stride of a view;
/// empty: contiguous
inline std::string p_tensor(const std::string& key, const std::vector<int>& shape,
                            const std::string& type = "IntStorage", int storage = -1,
                            std::vector<int> stride = {}) {
  // Of shapes beyond all bounds, which damaged files have, the products wrap.
  const auto times = [](int a, int b) {
    return static_cast<int>(static_cast<unsigned>(a) * static_cast<unsigned>(b));
  };
  int count = 1;
  for (const int n : shape) count = times(count, n);
  if (stride.empty()) {
    stride.assign(shape.size(), 1);
    for (std::size_t d = shape.size(); d-- > 1;) stride[d - 1] = times(stride[d], shape[d]);
  }
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + p_text("storage") + "ctorch\n" + type + "\n" +
         p_text(key) + p_text("cuda:0") + p_int(storage < 0 ? count : storage) + "tQK" +
         std::string(1, '\0') + p_tuple(shape) + p_tuple(stride) + "\x89" +
         "ccollections\nOrderedDict\n)RtR";
}

inline std::string int32_bytes(const std::vector<int>& values) {
  std::string bytes;
  for (const int v : values) bytes += little(static_cast<std::uint32_t>(v), 4);
  return bytes;
}

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A torch archive with a pickle and its storages "0", "1", ...
inline std::string torch_archive(const std::string& pickle,
                                 const std::vector<std::string>& storages) {
  std::vector<std::pair<std::string, std::string>> entries = {{"archive/data.pkl", pickle}};
  for (std::size_t i = 0; i < storages.size(); ++i)
    entries.emplace_back("archive/data/" + std::to_string(i), storages[i]);
  entries.emplace_back("archive/version", "3\n");
  return zip_of(entries);
}

/// A safetensors file of int32 vectors.
inline std::string safetensors_of(
    const std::vector<std::pair<std::string, std::vector<int>>>& arrays) {
  std::string header = "{", data;
  for (const auto& [name, values] : arrays) {
    if (!data.empty()) header += ",";
    header += "\"" + name + R"(":{"dtype":"I32","shape":[)" + std::to_string(values.size()) +
              R"(],"data_offsets":[)" + std::to_string(data.size()) + ",";
    data += int32_bytes(values);
    header += std::to_string(data.size()) + "]}";
  }
  header += "}";
  return little(header.size(), 8) + header + data;
}

}  // namespace moescope::test
