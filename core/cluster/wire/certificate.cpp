#include "core/cluster/wire/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "core/error.h"

namespace moescope {
namespace {

constexpr int kWarningDays = 30;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* what) const {
    Free(what);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate first_certificate(const std::string& pem) {
  Certificate first(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return first;
}

/// "2026-12-31 23:59:59 UTC".
std::string date(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown date";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

bool passed(const ASN1_TIME* time) {
  return X509_cmp_current_time(time) < 0;
}

/// A key in an encrypted file is refused: nobody is there to give the password.
int no_password(char*, int, int, void*) {
  return 0;
}

}  // namespace

void check_certificate(const std::string& pem, const std::filesystem::path& pem_file,
                       const std::string& key, const std::filesystem::path& key_file) {
  const Certificate own = first_certificate(pem);
  if (!own) throw Error(pem_file.string(), "", "holds no certificate in PEM");
  if (!passed(X509_get0_notBefore(own.get())))
    throw Error(pem_file.string(), "",
                "is not valid before " + date(X509_get0_notBefore(own.get())),
                "Check the clock of this machine, or use another certificate");
  if (passed(X509_get0_notAfter(own.get())))
    throw Error(pem_file.string(), "", "expired on " + date(X509_get0_notAfter(own.get())),
                "Have its authority sign a new one");
  const Key secret(PEM_read_bio_PrivateKey(reader(key).get(), nullptr, no_password, nullptr));
  const bool fits = secret && X509_check_private_key(own.get(), secret.get()) == 1;
  ERR_clear_error();
  if (!secret)
    throw Error(key_file.string(), "", "holds no key in PEM that is readable without a password");
  if (!fits)
    throw Error(key_file.string(), "", "is not the key of " + pem_file.string(),
                "Give the certificate and the key that were made together");
}

std::optional<std::string> expiry_warning(const std::string& pem, const std::string& whose) {
  const Certificate own = pem.empty() ? nullptr : first_certificate(pem);
  if (!own) return std::nullopt;
  const ASN1_TIME* end = X509_get0_notAfter(own.get());
  int days = 0, seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, end) != 1 || days >= kWarningDays)
    return std::nullopt;
  return fmt::format("the certificate of {} {} on {}: renew it, the node does not start after that",
                     whose, passed(end) ? "expired" : "expires", date(end));
}

}  // namespace moescope
