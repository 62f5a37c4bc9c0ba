#include "views/details/json_rows.h"

#include <QCoreApplication>
#include <nlohmann/json.hpp>

namespace moescope {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxItems = 2000;  // of one array: a foreign file may hold millions

QString scalar_text(const Json& value) {
  return QString::fromStdString(value.is_string()
                                    ? value.get_ref<const std::string&>()
                                    : value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void add_json(const FactRows& rows, const QString& name, const Json& value, int depth) {
  if (!value.is_structured() || depth == kMaxDepth) {
    rows.add(name, scalar_text(value));
    return;
  }
  const FactRows group =
      rows.add(name, value.is_array() ? QObject::tr("%1 items").arg(value.size()) : QString());
  std::size_t i = 0;
  for (const auto& [key, item] : value.items()) {
    if (++i > kMaxItems) {
      group.add(QStringLiteral("…"), QObject::tr("%1 more").arg(value.size() - kMaxItems));
      break;
    }
    add_json(group, QString::fromStdString(key), item, depth + 1);
  }
}

}  // namespace

void add_arguments(const FactRows& rows, const std::string& text,
                   const std::vector<std::string>& said) {
  if (text.empty()) return;
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    rows.add(QObject::tr("Arguments"), QString::fromStdString(text));
    return;
  }
  if (json.is_object())
    for (const std::string& name : said) json.erase(name);
  if (!json.empty()) add_json(rows, QObject::tr("Arguments"), json, 0);
}

}  // namespace moescope
