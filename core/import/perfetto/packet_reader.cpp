#include "core/import/perfetto/packet_reader.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <zstd.h>

#include <algorithm>
#include <optional>

#include "core/import/bytes/byte_source.h"

namespace moescope::perfetto {
namespace {

namespace io = google::protobuf::io;

constexpr std::uint32_t kPacketTag = 1 << 3 | 2;  // Trace.packet, length-delimited

/// Bytes of a file for protobuf.
class SourceStream : public io::CopyingInputStream {
 public:
  explicit SourceStream(ByteSource& source) : source_(source) {}
  int Read(void* buffer, int size) override {
    return static_cast<int>(
        source_.read(static_cast<char*>(buffer), static_cast<std::size_t>(size)));
  }

 private:
  ByteSource& source_;
};

/// Passes a field of the trace that is no packet; false when it is damaged.
bool skip_field(io::CodedInputStream& in, std::uint32_t tag) {
  std::uint64_t number = 0;
  std::uint32_t length = 0;
  switch (tag & 7) {
    case 0:
      return in.ReadVarint64(&number);
    case 1:
      return in.Skip(8);
    case 2:
      return in.ReadVarint32(&length) && length <= static_cast<std::uint32_t>(kMaxPacketBytes) &&
             in.Skip(static_cast<int>(length));
    case 5:
      return in.Skip(4);
    default:
      return false;
  }
}

/// The content of one frame; nullopt when it is damaged or larger than a packet may be.
std::optional<std::string> decompress_zstd(const std::string& bytes) {
  const auto promised = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (promised == ZSTD_CONTENTSIZE_ERROR) return {};
  // A frame that does not say how large it is gets a room that no usual one fills.
  const std::size_t room = promised == ZSTD_CONTENTSIZE_UNKNOWN
                               ? std::min<std::size_t>(kMaxPacketBytes, 64 * bytes.size() + 65536)
                               : static_cast<std::size_t>(promised);
  if (room > static_cast<std::size_t>(kMaxPacketBytes)) return {};
  std::string plain(room, '\0');
  const auto size = ZSTD_decompress(plain.data(), plain.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) return {};
  plain.resize(size);
  return plain;
}

class Reader {
 public:
  Reader(PacketFile& file, const std::function<void(const TracePacket&)>& use)
      : file_(file), use_(use) {}

  /// All packets of `bytes`; false when they are damaged or cut off. @param nested of a compressed
  /// packet
  bool read(io::ZeroCopyInputStream& bytes, bool nested, const std::function<void()>& report) {
    std::string packet;
    for (;;) {
      // One for each packet: it counts bytes in 31 bits.
      io::CodedInputStream in(&bytes);
      const std::uint32_t tag = in.ReadTag();
      if (tag == 0) return in.ConsumedEntireMessage();
      if (tag != kPacketTag) {
        if (!skip_field(in, tag)) return false;
        continue;
      }
      std::uint32_t length = 0;
      if (!in.ReadVarint32(&length) || length > static_cast<std::uint32_t>(kMaxPacketBytes) ||
          !in.ReadString(&packet, static_cast<int>(length)))
        return false;
      take(packet, nested);
      if (file_.packets % 4096 == 0) report();
      if (nested && bytes.ByteCount() > kMaxPacketBytes) return false;
    }
  }

 private:
  void take(const std::string& bytes, bool nested) {
    ++file_.packets;
    TracePacket packet;
    if (!packet.ParseFromString(bytes)) {
      ++file_.skipped["packet is damaged"];
    } else if (!packet.has_compressed_packets() && !packet.has_zstd_compressed_packets()) {
      use_(packet);
    } else if (nested || !unpack(packet)) {
      ++file_.skipped["compressed packets are damaged"];
    }
  }

  bool unpack(const TracePacket& packet) {
    if (packet.has_compressed_packets()) {
      const auto& bytes = packet.compressed_packets();
      io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
      io::GzipInputStream plain(&array, io::GzipInputStream::ZLIB);
      return read(plain, true, [] {});
    }
    const auto bytes = decompress_zstd(packet.zstd_compressed_packets());
    if (!bytes) return false;
    io::ArrayInputStream array(bytes->data(), static_cast<int>(bytes->size()));
    return read(array, true, [] {});
  }

  PacketFile& file_;
  const std::function<void(const TracePacket&)>& use_;
};

}  // namespace

bool begins_with_packets(std::string_view head) {
  io::ArrayInputStream array(head.data(), static_cast<int>(head.size()));
  io::CodedInputStream in(&array);
  std::uint32_t length = 0;
  if (in.ReadTag() != kPacketTag || !in.ReadVarint32(&length) || length == 0 ||
      length > static_cast<std::uint32_t>(kMaxPacketBytes))
    return false;
  const auto at = static_cast<std::size_t>(in.CurrentPosition());
  if (head.size() - at < length) {  // its begin has to do
    const std::uint32_t inner = in.ReadTag();
    return inner >> 3 >= 1 && inner >> 3 < 1000 && (inner & 7) <= 2;
  }
  const auto rest = head.substr(at + length);
  TracePacket packet;
  return packet.ParseFromArray(head.data() + at, static_cast<int>(length)) &&
         (rest.empty() || rest.front() == static_cast<char>(kPacketTag));
}

PacketFile read_packets(const std::filesystem::path& path, Progress& progress,
                        const std::function<void(const TracePacket&)>& use) {
  PacketFile file;
  const auto source = open_byte_source(path);
  SourceStream bytes(*source);
  io::CopyingInputStreamAdaptor stream(&bytes);
  const bool whole = Reader(file, use).read(
      stream, false, [&] { progress.report(source->fraction(), "reading packets"); });
  file.warnings = source->warnings();
  if (!whole)
    file.warnings.push_back(
        fmt::format("the trace is damaged or cut off behind packet {}; what follows is not read",
                    file.packets));
  return file;
}

}  // namespace moescope::perfetto
