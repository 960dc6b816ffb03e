/* What OpenSSL has to say about a failure, as a PpdlError. */
#ifndef PPDL_RSA_ERROR_H
#define PPDL_RSA_ERROR_H

#include "base/error.h"

/* "<what>", with OpenSSL's last reason as the detail; empties OpenSSL's error queue */
PpdlStatus	ppdl_rsa_openssl_error(PpdlError *err, PpdlStatus code, const char *what);
PpdlStatus	ppdl_rsa_nomem(PpdlError *err);

#endif
