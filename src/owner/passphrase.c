#include "owner/passphrase.h"

#include <stddef.h>

static size_t
length(const char *s)
{
	size_t		n = 0;

	for (; *s; s++)
		n += (*s & 0xC0) != 0x80;
	return n;
}

PpdlStatus
ppdl_passphrase_check(const char *passphrase, PpdlError *err)
{
	if (length(passphrase) >= PPDL_MIN_PASSPHRASE)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "the passphrase has fewer than %d characters", PPDL_MIN_PASSPHRASE);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "It alone protects the key when its file is copied. Several words make a good one.");
}
