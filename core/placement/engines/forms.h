// The form of each engine; see engine.h.
#pragma once

#include "core/placement/engines/engine.h"

namespace moescope::engines {

std::string sglang_text(const Plan& plan);
std::string trtllm_text(const Plan& plan, bool report);
std::string vllm_text(const Plan& plan);
std::string vllm_ascend_text(const Plan& plan);
std::string csv_text(const Plan& plan);

Plan parse_sglang(std::string_view text, const std::string& source);
Plan parse_trtllm(std::string_view text, const std::string& source);
Plan parse_vllm(std::string_view text, const std::string& source);
Plan parse_vllm_ascend(std::string_view text, const std::string& source);
Plan parse_csv(std::string_view text, const std::string& source);

/// The row that every engine starts with: experts in order, then again from the first.
std::vector<int> trivial_row(int experts, int slots);

}  // namespace moescope::engines
