#include "core/loads/files/pickle.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <set>
#include <span>
#include <unordered_map>

#include "core/error.h"

namespace moescope {
namespace {
/// Different values, and items of all lists, tuples and dicts together: a dump of 1,000 passes of
/// 4,096 tokens has 8 million items.
constexpr std::size_t kMaxValues = std::size_t{1} << 21, kMaxItems = std::size_t{1} << 25;
constexpr const char* kRebuildTyped = "torch._utils _rebuild_tensor_v3";
constexpr const char* kParameter = "torch._utils _rebuild_parameter";

/// Functions that make a tensor of (storage, offset, shape, stride, ..).
bool makes_tensor(const std::string& name) {
  return name == "torch._utils _rebuild_tensor_v2" || name == "torch._utils _rebuild_tensor" ||
         name == kRebuildTyped || name == "torch_npu.utils.storage _rebuild_npu_tensor";
}

bool known_global(const std::string& name) {
  static const std::set<std::string> known = {kParameter,
                                              "collections OrderedDict",
                                              "torch.storage UntypedStorage",
                                              "torch uint16",
                                              "torch uint32",
                                              "torch uint64",
                                              "torch ByteStorage",
                                              "torch CharStorage",
                                              "torch ShortStorage",
                                              "torch IntStorage",
                                              "torch LongStorage",
                                              "torch FloatStorage",
                                              "torch DoubleStorage",
                                              "torch BoolStorage",
                                              "torch HalfStorage",
                                              "torch BFloat16Storage"};
  return makes_tensor(name) || known.count(name) != 0;
}
}  // namespace

class PickleReader {
 public:
  using Kind = PickleValue::Kind;

  PickleReader(Pickle& out, std::string_view bytes, const std::string& source)
      : out_(out), bytes_(bytes), source_(source) {}

  void run() {
    for (;;) {
      start_ = at_;
      const auto op = byte();
      if (op == '.') break;
      execute(op);
    }
    if (stack_.size() != 1 || !marks_.empty()) fail("ends with an unfinished value");
    out_.root_ = stack_.back();
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(
        source_, fmt::format("pickle byte {}", start_), problem,
        "Only tensors saved with torch.save and dumps of PyTorch's Flight Recorder are read; "
        "pickles are never executed");
  }
  std::uint8_t byte() {
    if (at_ >= bytes_.size()) fail("is cut off");
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size() - at_) fail("is cut off");
    const auto part = bytes_.substr(at_, static_cast<std::size_t>(n));
    at_ += static_cast<std::size_t>(n);
    return part;
  }
  std::uint64_t little(int n) {
    std::uint64_t v = 0;
    const auto part = take(static_cast<std::uint64_t>(n));
    for (int i = n - 1; i >= 0; --i)
      v = v << 8 | static_cast<std::uint8_t>(part[static_cast<std::size_t>(i)]);
    return v;
  }
  std::string line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos || end - at_ > 256) fail("has a damaged name");
    std::string text(bytes_.substr(at_, end - at_));
    at_ = end + 1;
    return text;
  }

  std::uint32_t add(PickleValue value) {
    if (out_.arena_.size() >= kMaxValues) fail("has more different values than a dump needs");
    out_.arena_.push_back(std::move(value));
    return static_cast<std::uint32_t>(out_.arena_.size() - 1);
  }
  void push(PickleValue value) { stack_.push_back(add(std::move(value))); }
  std::uint32_t pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back()))
      fail("takes a value from an empty stack");
    const auto v = stack_.back();
    stack_.pop_back();
    return v;
  }
  /// Takes what was pushed since the last mark; valid until the next push.
  std::span<const std::uint32_t> pop_mark() {
    if (marks_.empty()) fail("has no mark where one is needed");
    const std::span<const std::uint32_t> items(stack_.begin() + static_cast<long>(marks_.back()),
                                               stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }
  PickleValue& top(Kind kind) {
    if (stack_.empty() || out_.arena_[stack_.back()].kind != kind)
      fail("changes a value of another kind");
    return out_.arena_[stack_.back()];
  }
  const PickleValue& at(std::uint32_t i) const { return out_.arena_[i]; }
  /// Numbers are never changed, so equal ones share a place.
  void integer(std::int64_t v) {
    const auto [it, added] = integers_.try_emplace(v, 0);
    if (added) it->second = add({.kind = Kind::Int, .integer = v});
    stack_.push_back(it->second);
  }
  void constant(std::uint32_t& place, PickleValue value) {
    if (place == kUnset) place = add(std::move(value));
    stack_.push_back(place);
  }
  void text(std::string_view v) { push({.kind = Kind::Text, .text = std::string(v)}); }
  void count_items(std::size_t n) {
    if ((items_ += n) > kMaxItems) fail("has more items than a dump needs");
  }
  void tuple(std::span<const std::uint32_t> items) {
    count_items(items.size());
    push({.kind = Kind::Tuple, .items = {items.begin(), items.end()}});
  }
  void short_tuple(int n) {
    std::array<std::uint32_t, 3> items{};
    for (int i = n - 1; i >= 0; --i) items.at(static_cast<std::size_t>(i)) = pop();
    tuple(std::span(items).first(static_cast<std::size_t>(n)));
  }
  void remember(std::uint64_t index) {
    if (stack_.empty()) fail("remembers a value of an empty stack");
    if (index > kMaxValues) fail("remembers too many values");
    if (index >= memo_.size()) memo_.resize(static_cast<std::size_t>(index) + 1, kUnset);
    memo_[static_cast<std::size_t>(index)] = stack_.back();
  }
  void recall(std::uint64_t index) {
    if (index >= memo_.size() || memo_[static_cast<std::size_t>(index)] == kUnset)
      fail("recalls a value that was never remembered");
    stack_.push_back(memo_[static_cast<std::size_t>(index)]);
  }
  void global(const std::string& name) {
    if (!known_global(name)) fail(fmt::format("wants to load \"{}\", which is refused", name));
    push({.kind = Kind::Global, .text = name});
  }
  void extend(Kind kind, std::span<const std::uint32_t> items) {
    if (kind == Kind::Dict && items.size() % 2 != 0) fail("sets a key without a value");
    auto& target = top(kind).items;
    count_items(items.size());
    target.insert(target.end(), items.begin(), items.end());
  }
  std::int64_t long_integer() {
    const int n = byte();
    if (n > 8) fail("has an integer of more than 64 bits");
    std::uint64_t v = little(n);
    if (n > 0 && n < 8 && (v >> (8 * n - 1) & 1) != 0) v |= ~std::uint64_t{0} << (8 * n);
    return static_cast<std::int64_t>(v);
  }
  double big_endian_double() {
    std::uint64_t v = 0;
    for (const char c : take(8)) v = v << 8 | static_cast<std::uint8_t>(c);
    return std::bit_cast<double>(v);
  }

  std::uint64_t natural(std::uint32_t i) const {
    if (at(i).kind != Kind::Int || at(i).integer < 0) fail("has a tensor with a wrong number");
    return static_cast<std::uint64_t>(at(i).integer);
  }
  std::vector<std::uint64_t> naturals(std::uint32_t i) const {
    if (at(i).kind != Kind::Tuple || at(i).items.size() > 8)
      fail("has a tensor with a wrong shape");
    std::vector<std::uint64_t> v;
    for (const auto n : at(i).items) v.push_back(natural(n));
    return v;
  }
  void tensor(Kind kind, PickledTensor tensor) {
    out_.tensors_.push_back(std::move(tensor));
    push({.kind = kind, .integer = static_cast<std::int64_t>(out_.tensors_.size() - 1)});
  }
  /// ("storage", type, key, location, size): location and size are of no interest.
  void persistent() {
    const auto& id = at(pop());
    if (id.kind != Kind::Tuple || id.items.size() < 5 || at(id.items[0]).text != "storage" ||
        at(id.items[1]).kind != Kind::Global || at(id.items[2]).kind != Kind::Text)
      fail("has a persistent id that is not a storage");
    const auto& type = at(id.items[1]).text;
    if (!type.ends_with("Storage")) fail("has a storage of unknown type");
    tensor(Kind::Storage, {type.substr(type.find(' ') + 1), at(id.items[2]).text, 0, {}, {}});
  }
  void call() {
    const auto arguments = pop(), function = pop();
    const auto& f = at(function);
    const auto& a = at(arguments);
    if (f.kind != Kind::Global || a.kind != Kind::Tuple)
      fail("calls something that is not a function");
    if (f.text == "collections OrderedDict") {
      if (!a.items.empty()) fail("makes a dict in an unknown way");
      push({.kind = Kind::Dict});
    } else if (f.text == kParameter && !a.items.empty() && at(a.items[0]).kind == Kind::Tensor) {
      stack_.push_back(a.items[0]);
    } else {
      make_tensor(f.text, a);
    }
  }
  void make_tensor(const std::string& function, const PickleValue& a) {
    if (!makes_tensor(function) || a.items.size() < 4 || at(a.items[0]).kind != Kind::Storage)
      fail("makes a tensor in an unknown way");
    PickledTensor made = out_.tensor(at(a.items[0]));
    if (function == kRebuildTyped) {
      if (a.items.size() < 7 || at(a.items[6]).kind != Kind::Global)
        fail("makes a tensor without the type of its elements");
      made.type = at(a.items[6]).text.substr(at(a.items[6]).text.find(' ') + 1);
    }
    made.offset = natural(a.items[1]);
    made.shape = naturals(a.items[2]);
    made.stride = naturals(a.items[3]);
    if (made.shape.size() != made.stride.size()) fail("has a tensor with a wrong stride");
    tensor(Kind::Tensor, std::move(made));
  }

  void execute(std::uint8_t op) {
    switch (op) {
      case 0x80:
        if (byte() > 5) fail("has an unknown protocol");
        break;
      case 0x95:
        little(8);
        break;  // frame
      case '}':
        push({.kind = Kind::Dict});
        break;
      case ']':
        push({.kind = Kind::List});
        break;
      case ')':
        constant(empty_, {.kind = Kind::Tuple});
        break;
      case '(':
        marks_.push_back(stack_.size());
        break;
      case 'N':
        constant(none_, {});
        break;
      case 0x88:
        constant(true_, {.kind = Kind::Bool, .integer = 1});
        break;
      case 0x89:
        constant(false_, {.kind = Kind::Bool});
        break;
      case 'J':
        integer(static_cast<std::int32_t>(little(4)));
        break;
      case 'K':
        integer(static_cast<std::int64_t>(little(1)));
        break;
      case 'M':
        integer(static_cast<std::int64_t>(little(2)));
        break;
      case 0x8a:
        integer(long_integer());
        break;
      case 'G':
        push({.kind = Kind::Float, .real = big_endian_double()});
        break;
      case 'X':
        text(take(little(4)));
        break;
      case 0x8c:
        text(take(little(1)));
        break;
      case 't':
        tuple(pop_mark());
        break;
      case 0x85:
      case 0x86:
      case 0x87:
        short_tuple(op - 0x84);
        break;
      case 'q':
        remember(little(1));
        break;
      case 'r':
        remember(little(4));
        break;
      case 0x94:
        remember(memo_.size());
        break;
      case 'h':
        recall(little(1));
        break;
      case 'j':
        recall(little(4));
        break;
      case 'a': {
        const auto v = pop();
        extend(Kind::List, {&v, 1});
        break;
      }
      case 'e':
        extend(Kind::List, pop_mark());
        break;
      case 's': {
        const auto v = pop(), k = pop();
        const std::array<std::uint32_t, 2> item = {k, v};
        extend(Kind::Dict, item);
        break;
      }
      case 'u':
        extend(Kind::Dict, pop_mark());
        break;
      case 'c': {
        const auto module = line();
        global(module + " " + line());
        break;
      }
      case 0x93: {
        const auto name = pop(), module = pop();
        global(at(module).text + " " + at(name).text);
        break;
      }
      case 'Q':
        persistent();
        break;
      case 'R':
        call();
        break;
      default:
        fail(op >= 32 && op < 127
                 ? fmt::format("uses opcode '{}', which is refused", static_cast<char>(op))
                 : fmt::format("uses opcode 0x{:02x}, which is refused", op));
    }
    if (stack_.size() > kMaxValues || marks_.size() > 1024) fail("is nested too deeply");
  }

  static constexpr std::uint32_t kUnset = ~std::uint32_t{0};
  Pickle& out_;
  std::string_view bytes_;
  const std::string& source_;
  std::size_t at_ = 0, start_ = 0, items_ = 0;
  std::uint32_t none_ = kUnset, true_ = kUnset, false_ = kUnset, empty_ = kUnset;
  std::unordered_map<std::int64_t, std::uint32_t> integers_;
  std::vector<std::uint32_t> stack_, memo_;
  std::vector<std::size_t> marks_;
};

Pickle::Pickle(std::string_view bytes, const std::string& source) {
  PickleReader(*this, bytes, source).run();
}

const PickleValue* Pickle::find(const PickleValue& dict, std::string_view key) const {
  if (dict.kind != PickleValue::Kind::Dict) return nullptr;
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
    if (value(dict.items[i]).kind == PickleValue::Kind::Text && value(dict.items[i]).text == key)
      return &value(dict.items[i + 1]);
  return nullptr;
}

}  // namespace moescope
