#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "gpu/model/safetensors.h"

namespace moescope::runtime {

TensorData float_tensor(std::string name, std::vector<std::uint64_t> shape,
                        std::span<const float> values) {
  TensorData tensor{std::move(name), DType::F32, std::move(shape), {}};
  tensor.bytes.resize(values.size_bytes());
  std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
  return tensor;
}

void write_safetensors(const std::filesystem::path& path, const std::vector<TensorData>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    std::uint64_t bytes = size_of(tensor.type);
    for (const std::uint64_t dimension : tensor.shape) bytes *= dimension;
    const std::string place = "tensor \"" + tensor.name + "\"";
    if (bytes != tensor.bytes.size())
      throw Error(path.string(), place, "its bytes do not fit its shape");
    if (header.contains(tensor.name)) throw Error(path.string(), place, "is given twice");
    header[tensor.name] = {{"dtype", to_string(tensor.type)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data begins aligned
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  for (int i = 0; i < 8; ++i)
    out.put(static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i)));
  out << text;
  for (const auto& tensor : tensors)
    out.write(reinterpret_cast<const char*>(tensor.bytes.data()),
              static_cast<std::streamsize>(tensor.bytes.size()));
  out.close();
  if (!out)
    throw Error(path.string(), "", "cannot be written", "check the folder and the free space");
}

}  // namespace moescope::runtime
