#include "core/analysis/spans/kernel_label.h"

#include <re2/re2.h>

namespace moescope {
namespace {

/// Where the bracket that opens at `open` closes; the end of the text when it never does (names may
/// be cut off).
std::size_t closing(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<' || c == '(' || c == '[' || c == '{') ++depth;
    const bool arrow = c == '>' && i > 0 && text[i - 1] == '-';
    if ((c == '>' && !arrow) || c == ')' || c == ']' || c == '}')
      if (--depth == 0) return i;
  }
  return text.size();
}

bool starts_at(std::string_view text, std::size_t at, std::string_view word) {
  return text.substr(at, word.size()) == word;
}

/// A signature taken apart.
struct Signature {
  std::string function;        ///< qualified, without arguments
  std::string_view arguments;  ///< of its last template, without brackets
};

Signature take_apart(std::string_view name) {
  Signature result;
  if (starts_at(name, 0, "void ")) name.remove_prefix(5);
  for (std::size_t i = 0; i < name.size();) {
    const auto unnamed = [&](std::string_view word) {
      if (!starts_at(name, i, word)) return false;
      i += word.size();
      if (starts_at(name, i, "::")) i += 2;
      return true;
    };
    if (unnamed("(anonymous namespace)") || unnamed("<unnamed>")) continue;
    if (name[i] == '(') break;
    if (name[i] == '<') {
      const std::size_t end = closing(name, i);
      result.arguments = name.substr(i + 1, end - i - 1);
      i = end + 1;
      continue;
    }
    result.function += name[i++];
  }
  while (!result.function.empty() && result.function.back() == ' ') result.function.pop_back();
  return result;
}

std::string_view last_part(std::string_view function) {
  const auto at = function.rfind("::");
  return at == std::string_view::npos ? function : function.substr(at + 2);
}

/// Kernels that only carry what they were made for in their template arguments.
bool is_generic(std::string_view function) {
  static const RE2 generic(R"(elementwise_kernel|^reduce_kernel$|^device_kernel$|^Kernel2?$)");
  return RE2::PartialMatch(re2::StringPiece(function.data(), function.size()), generic);
}

/// What a generic kernel was made for: the first name in its arguments that names an operation.
std::string operation_of(std::string_view arguments) {
  static const RE2 names(R"(([A-Za-z_]\w*(?:::[A-Za-z_]\w*)*))");
  static const RE2 operation(
      R"((?i)functor|_kernel|kernel_?impl|_cuda|ops$|gemmkernel|flashattn|welford|gemm)");
  static const RE2 wrapper(
      R"(^(gpu_kernel_impl\w*|(Binary|AUnary|BUnary)Functor|func_wrapper_t)$)");
  re2::StringPiece rest(arguments.data(), arguments.size());
  std::string name;
  while (RE2::FindAndConsume(&rest, names, &name)) {
    const std::string last(last_part(name));
    if (!RE2::PartialMatch(last, operation) || RE2::FullMatch(last, wrapper)) continue;
    // "GemmKernel" of a namespace per kernel says nothing without it.
    if (last != "GemmKernel" || last.size() == name.size()) return last;
    const std::string_view before(name.data(), name.size() - last.size() - 2);
    return std::string(last_part(before)) + "::" + last;
  }
  return {};
}

/// `function` and what it was made for.
std::string with_operation(const std::string& function, std::string_view arguments) {
  if (!is_generic(last_part(function))) return function;
  const std::string operation = operation_of(arguments);
  return operation.empty() ? function : function + " (" + operation + ")";
}

/// A function of CUTLASS that only launches what its argument names.
bool is_launcher(std::string_view function) {
  return function == "device_kernel" || function == "Kernel" || function == "Kernel2";
}

/// What a launcher launches, with its namespace: its first argument, below guards such as
/// enable_sm90<...>. Empty when there is none.
std::string launched_by(std::string_view name) {
  for (auto open = name.find('<'); open != std::string_view::npos; open = name.find('<')) {
    name.remove_prefix(open + 1);
    const auto argument = name.substr(0, name.find_first_of("<(,>"));
    if (last_part(argument).starts_with("enable_")) continue;
    const auto last = argument.rfind("::");
    if (last == std::string_view::npos || last == 0) return std::string(argument);
    const auto before = argument.rfind("::", last - 1);
    return std::string(before == std::string_view::npos ? argument : argument.substr(before + 2));
  }
  return {};
}

/// "Memcpy HtoD (Pageable -> Device)" and "attn(F)" are words of whoever recorded them; what is in
/// the parentheses of a function are types.
bool is_signature(std::string_view name) {
  if (name.starts_with("void ")) return true;
  const auto cut = name.find_first_of("<(");
  if (name.substr(0, cut).find("::") != std::string_view::npos) return true;
  if (cut == std::string_view::npos || cut == 0 || name[cut - 1] == ' ') return false;
  static const RE2 types(R"([<*&,]|\b(int|float|double|char|bool|unsigned|long|void)\b)");
  return RE2::PartialMatch(re2::StringPiece(name.data() + cut, name.size() - cut), types);
}

}  // namespace

std::string kernel_key(std::string_view name) {
  const Signature signature = take_apart(name);
  return signature.function.empty() ? std::string(name)
                                    : with_operation(signature.function, signature.arguments);
}

std::string kernel_label(std::string_view name) {
  if (!is_signature(name)) return std::string(name);
  const Signature signature = take_apart(name);
  const std::string function(last_part(signature.function));
  if (is_launcher(function))
    if (std::string launched = launched_by(name); !launched.empty()) return launched;
  return function.empty() ? std::string(name) : with_operation(function, signature.arguments);
}

}  // namespace moescope
