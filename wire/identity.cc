// Keys and certificates by OpenSSL's own functions, which Boost.Asio does not wrap.
#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "wire/security.h"
#include "wire/security_impl.h"

namespace bw::wire {

namespace {

// The pin decides, not the date: far enough not to trouble programs that look at it all the same.
constexpr int kValidDays = 365 * 50;
constexpr long kDayAgo = -24L * 60 * 60;  // clocks of other hosts may be behind
constexpr int kSerialBytes = 16;

template <auto function>
struct Free {
    template <class T>
    void operator()(T* object) const {
        function(object);
    }
};

using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;

Error openssl_error(Errc code, const std::string& what) {
    char text[256] = "no reason given";
    const unsigned long error = ERR_get_error();
    if (error != 0) ERR_error_string_n(error, text, sizeof text);
    ERR_clear_error();
    return fail(code, what + ": " + text);
}

bool set_serial(X509* certificate) {
    unsigned char bytes[kSerialBytes];
    if (RAND_bytes(bytes, kSerialBytes) != 1) return false;
    bytes[0] &= 0x7f;  // positive
    const Number number(BN_bin2bn(bytes, kSerialBytes, nullptr));
    return number &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_names(X509* certificate) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>("batchwright coordinator");
    if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) != 1) return false;
    // For programs that must check a name (Prometheus: server_name): one that fits every host.
    const Extension names(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:batchwright")
    );
    return names && X509_add_ext(certificate, names.get(), -1) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

bool fill(X509* certificate, EVP_PKEY* key) {
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), kDayAgo) != nullptr &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), kValidDays, 0, nullptr) != nullptr &&
           set_names(certificate) && X509_set_pubkey(certificate, key) == 1 &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

Certificate read_certificate(const std::string& identity) {
    const Bio bio(BIO_new_mem_buf(identity.data(), static_cast<int>(identity.size())));
    return Certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

}  // namespace

std::string digest_of_certificate(const X509* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return "";
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += kDigits[digest[i] >> 4];
        text += kDigits[digest[i] & 0x0f];
    }
    return text;
}

Result<std::string> make_identity() {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    const Bio bio(BIO_new(BIO_s_mem()));
    const bool made = key && certificate && bio && fill(certificate.get(), key.get()) &&
                      PEM_write_bio_PKCS8PrivateKey(
                          bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr
                      ) == 1 &&
                      PEM_write_bio_X509(bio.get(), certificate.get()) == 1;
    if (!made) return openssl_error(Errc::unknown, "cannot make a TLS certificate");
    return text_of(bio.get());
}

Result<std::string> fingerprint_of(const std::string& identity) {
    const Certificate certificate = read_certificate(identity);
    if (!certificate) return openssl_error(Errc::corrupt, "the TLS certificate cannot be read");
    return digest_of_certificate(certificate.get());
}

Result<std::string> certificate_of(const std::string& identity) {
    const Certificate certificate = read_certificate(identity);
    const Bio bio(BIO_new(BIO_s_mem()));
    if (certificate && bio && PEM_write_bio_X509(bio.get(), certificate.get()) == 1)
        return text_of(bio.get());
    return openssl_error(Errc::corrupt, "the TLS certificate cannot be read");
}

}  // namespace bw::wire
