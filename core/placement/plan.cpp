#include "core/placement/plan.h"

#include <algorithm>
#include <fstream>

#include "core/error.h"

namespace moescope {

bool Plan::dead(int gpu) const {
  return std::binary_search(dead_gpus.begin(), dead_gpus.end(), gpu);
}

std::vector<std::vector<int>> slots_of_experts(const std::vector<int>& row, int experts) {
  std::vector<std::vector<int>> slots(static_cast<std::size_t>(experts));
  for (std::size_t s = 0; s < row.size(); ++s)
    if (row[s] >= 0 && row[s] < experts)
      slots[static_cast<std::size_t>(row[s])].push_back(static_cast<int>(s));
  return slots;
}

std::vector<int> replica_counts(const std::vector<int>& row, int experts) {
  std::vector<int> counts(static_cast<std::size_t>(experts), 0);
  for (const int e : row)
    if (e >= 0 && e < experts) ++counts[static_cast<std::size_t>(e)];
  return counts;
}

std::vector<std::vector<int>> logical_to_physical(const Plan& plan, int layer) {
  int width = 1;
  for (const auto& row : plan.physical_to_logical)
    for (const int n : replica_counts(row, plan.num_experts)) width = std::max(width, n);
  auto map = slots_of_experts(plan.physical_to_logical.at(static_cast<std::size_t>(layer)),
                              plan.num_experts);
  for (auto& slots : map) slots.resize(static_cast<std::size_t>(width), -1);
  return map;
}

std::string read_text_file(const std::filesystem::path& path, std::size_t limit) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed))
    throw Error(path.string(), "", "is a folder, not a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path.string(), "", "cannot open the file", "Check the path");
  std::string text;
  std::vector<char> block(1 << 16);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > limit)
      throw Error(path.string(), "",
                  "is larger than the limit of " + std::to_string(limit >> 20) + " MiB",
                  "Check that this is the right file");
  }
  if (file.bad()) throw Error(path.string(), "", "cannot read the file");
  return text;
}

void write_text_file(const std::filesystem::path& path, std::string_view text) {
  auto part = path;
  part += ".part";
  {
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file) {
      std::error_code ignored;
      std::filesystem::remove(part, ignored);
      throw Error(path.string(), "", "cannot write the file",
                  "Check the folder and the free space");
    }
  }
  std::error_code failed;
  std::filesystem::rename(part, path, failed);
  if (failed) {
    std::filesystem::remove(part, failed);
    throw Error(path.string(), "", "cannot put the written file in place");
  }
}

}  // namespace moescope
