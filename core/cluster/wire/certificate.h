// Checks of a program's own certificate: validity, expiry and key.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace moescope {

/// Throws Error when `pem` holds no certificate, is not valid yet or any more, or when `key` is not
/// the one of its first certificate. Errors name the files.
void check_certificate(const std::string& pem, const std::filesystem::path& pem_file,
                       const std::string& key, const std::filesystem::path& key_file);

/// A sentence when the first certificate in `pem` expires within 30 days; nullopt otherwise, and
/// when there is none. `whose` it is.
std::optional<std::string> expiry_warning(const std::string& pem, const std::string& whose);

}  // namespace moescope
