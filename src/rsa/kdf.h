/* What opening a private key file may cost: key derivation cannot be interrupted, so it is bounded before it starts. */
#ifndef PPDL_RSA_KDF_H
#define PPDL_RSA_KDF_H

#include <openssl/x509.h>

#include "base/error.h"

/* PPDL_ERR_FORMAT when a PKCS#8 "ENCRYPTED PRIVATE KEY" asks for more than a few seconds of scrypt or of hashing */
PpdlStatus	ppdl_rsa_check_kdf(const X509_SIG *sealed, PpdlError *err);

#endif
