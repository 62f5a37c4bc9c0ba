// Writes dumps of SGLang's recorder as large as real ones: a file a rank, as torch.save lays it
// out. Tensors of routed experts, which no reader of loads looks at, are holes in the file.
#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/torch_writer.h"

namespace {

using moescope::test::little;
using moescope::test::p_dict;
using moescope::test::p_int;
using moescope::test::p_tensor;
using moescope::test::p_text;
using moescope::test::p_tuple;

/// A zip archive without compression, of any size (zip64), written as it comes.
class ZipStream {
 public:
  explicit ZipStream(const std::filesystem::path& path) : file_(path, std::ios::binary) {}

  void add(const std::string& name, const std::string& data) {
    begin(name, data.size(), crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
    file_.write(data.data(), static_cast<std::streamsize>(data.size()));
  }
  /// `size` zero bytes that take no room on the disk.
  void add_hole(const std::string& name, std::uint64_t size) {
    if (size != hole_size_) {
      const std::string zeros(1 << 20, '\0');
      hole_crc_ = 0;
      for (std::uint64_t done = 0; done < size; done += zeros.size())
        hole_crc_ = crc32_z(hole_crc_, reinterpret_cast<const Bytef*>(zeros.data()),
                            std::min<std::uint64_t>(zeros.size(), size - done));
      hole_size_ = size;
    }
    begin(name, size, hole_crc_);
    file_.seekp(static_cast<std::streamoff>(size), std::ios::cur);
  }
  void finish() {
    const auto at = static_cast<std::uint64_t>(file_.tellp());
    file_ << directory_;
    const auto end = static_cast<std::uint64_t>(file_.tellp());
    file_ << "PK\x06\x06" << little(44, 8) << little(45, 2) << little(45, 2) << little(0, 8)
          << little(count_, 8) << little(count_, 8) << little(directory_.size(), 8)
          << little(at, 8);
    file_ << "PK\x06\x07" << little(0, 4) << little(end, 8) << little(1, 4);
    file_ << "PK\x05\x06" << little(0, 4) << little(0xffff, 2) << little(0xffff, 2)
          << little(0xffffffff, 4) << little(0xffffffff, 4) << little(0, 2);
    file_.close();
    if (!file_) throw std::runtime_error("cannot write the file");
  }

 private:
  void begin(const std::string& name, std::uint64_t size, std::uint64_t crc) {
    const auto at = static_cast<std::uint64_t>(file_.tellp());
    const std::string head =
        little(45, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(33, 2) + little(crc, 4);
    const std::string unknown = little(0xffffffff, 4);
    const std::string sizes = little(size, 8) + little(size, 8);
    file_ << "PK\x03\x04" << head << unknown << unknown << little(name.size(), 2) << little(20, 2)
          << name << little(1, 2) << little(16, 2) << sizes;
    directory_ += "PK\x01\x02" + little(45, 2) + head + unknown + unknown + little(name.size(), 2) +
                  little(28, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4) +
                  unknown + name + little(1, 2) + little(24, 2) + sizes + little(at, 8);
    ++count_;
  }

  std::ofstream file_;
  std::string directory_;
  std::uint64_t count_ = 0, hole_size_ = 0, hole_crc_ = 0;
};

struct Size {
  int ranks = 32, passes = 1000, layers = 61, slots = 288, tokens = 0, top_k = 8;
};

/// A list of whole numbers, as pickle writes 1,000 items at a time.
std::string p_numbers(int count, int most) {
  std::string body = "]";
  for (int i = 0; i < count; ++i) {
    if (i % 1000 == 0) body += i == 0 ? "(" : "e(";
    body += p_int(i * 7919 % most);
  }
  return count == 0 ? body : body + "e";
}

/// The record of one pass; its counts are storage `pass` + 1, its routes the ones behind all
/// counts.
std::string record(const Size& size, int rank, int pass) {
  std::vector<std::pair<std::string, std::string>> items = {
      {"forward_pass_id", p_int(pass)}, {"rank", p_int(rank)}, {"gatherer_key", p_text("primary")}};
  if (size.tokens > 0) {
    items.emplace_back("input_ids", p_numbers(size.tokens, 129280));
    items.emplace_back("positions", p_numbers(size.tokens, size.tokens));
    items.emplace_back("extend_seq_lens", p_numbers(1, 2));
    items.emplace_back("forward_mode", p_int(1));
    items.emplace_back("topk_ids_of_layer", p_tensor(std::to_string(size.passes + 1 + pass),
                                                     {size.layers, size.tokens, size.top_k}));
    items.emplace_back("misc_objects", "]");
  }
  items.emplace_back("global_physical_count",
                     p_tensor(std::to_string(pass + 1), {size.layers, size.slots}));
  return p_dict(items);
}

/// Little-endian int32 counts that differ by pass and rank; three dense layers.
std::string counts(const Size& size, int rank, int pass) {
  std::string bytes(static_cast<std::size_t>(size.layers * size.slots) * 4, '\0');
  for (int i = 3 * size.slots; i < size.layers * size.slots; ++i) {
    const auto value = static_cast<std::uint32_t>((i * 31 + pass * 17 + rank * 7) % 211);
    std::memcpy(bytes.data() + static_cast<std::size_t>(i) * 4, &value, sizeof value);
  }
  return bytes;
}

void write_rank(const std::filesystem::path& folder, const Size& size, int rank) {
  ZipStream zip(folder / ("expert_distribution_recorder_1700000000." + std::to_string(100 + rank) +
                          "_" + std::to_string(rank) + ".pt"));
  std::string records = "](";
  for (int pass = 0; pass < size.passes; ++pass) records += record(size, rank, pass);
  records += "e";
  zip.add(
      "archive/data.pkl",
      moescope::test::pickled(p_dict({{"records", records},
                                      {"last_physical_to_logical_map",
                                       p_tensor("0", {size.layers, size.slots}, "LongStorage")}})));
  zip.add("archive/byteorder", "little");
  std::string map;
  for (int i = 0; i < size.layers * size.slots; ++i)
    map += little(static_cast<std::uint64_t>(i % size.slots % 256), 8);
  zip.add("archive/data/0", map);
  for (int pass = 0; pass < size.passes; ++pass)
    zip.add("archive/data/" + std::to_string(pass + 1), counts(size, rank, pass));
  for (int pass = 0; pass < size.passes && size.tokens > 0; ++pass)
    zip.add_hole("archive/data/" + std::to_string(size.passes + 1 + pass),
                 std::uint64_t{4} * static_cast<std::uint64_t>(size.layers) *
                     static_cast<std::uint64_t>(size.tokens) *
                     static_cast<std::uint64_t>(size.top_k));
  zip.finish();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "moescope-generate-dumps FOLDER [RANKS] [PASSES] [TOKENS]: per_pass dumps of 61 "
                 "layers and 288 slots, per_token when TOKENS is above 0\n");
    return 2;
  }
  try {
    Size size;
    if (argc > 2) size.ranks = std::atoi(argv[2]);
    if (argc > 3) size.passes = std::atoi(argv[3]);
    if (argc > 4) size.tokens = std::atoi(argv[4]);
    std::filesystem::create_directories(argv[1]);
    for (int rank = 0; rank < size.ranks; ++rank) write_rank(argv[1], size, rank);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
