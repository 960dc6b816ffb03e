#include "rsa/error.h"

#include <openssl/err.h>

PpdlStatus
ppdl_rsa_openssl_error(PpdlError *err, PpdlStatus code, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;

	ppdl_error(err, code, "%s", what);
	if (reason != NULL)
		ppdl_error_detail(err, code, "OpenSSL: %s.", reason);
	ERR_clear_error();
	return code;
}

PpdlStatus
ppdl_rsa_nomem(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}
