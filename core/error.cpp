#include "core/error.h"

namespace moescope {
namespace {
std::string message(const std::string& source, const std::string& place, const std::string& problem,
                    const std::string& remedy) {
  std::string text = source;
  if (!place.empty()) text += (text.empty() ? "" : ", ") + place;
  if (!text.empty()) text += ": ";
  text += problem;
  if (!remedy.empty()) text += ". " + remedy;
  return text;
}
}  // namespace

Error::Error(std::string source, std::string place, std::string problem, std::string remedy,
             std::string options)
    : std::runtime_error(message(source, place, problem, remedy)),
      source_(std::move(source)),
      place_(std::move(place)),
      problem_(std::move(problem)),
      remedy_(std::move(remedy)),
      options_(std::move(options)) {}

std::string Error::command_line_text() const {
  return options_.empty() ? what() : std::string(what()) + " (" + options_ + ")";
}

}  // namespace moescope
