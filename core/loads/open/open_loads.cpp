#include "core/loads/open/open_loads.h"

#include "core/loads/open/sniff.h"

namespace moescope {

std::vector<std::string> LoadContent::notes() const {
  std::vector<std::string> notes = file_notes;
  if (balance) notes.insert(notes.end(), balance->notes.begin(), balance->notes.end());
  if (waits) notes.insert(notes.end(), waits->notes.begin(), waits->notes.end());
  for (const LoadSet& set : sets)
    for (const auto& note : set.notes)
      notes.push_back(set.unit.empty() ? note : set.unit + " unit: " + note);
  return notes;
}

LoadContent open_loads(const std::filesystem::path& path, Progress& progress,
                       const LoadReading& reading) {
  LoadContent content;
  switch (sniff_load_input(path)) {
    case LoadInput::BalanceLog:
      content.balance = read_balance_log(path, progress);
      break;
    case LoadInput::WaitLog:
      content.waits = read_wait_log(path, progress);
      break;
    default:
      content.sets = read_load_sets(path, progress, reading);
  }
  return content;
}

}  // namespace moescope
