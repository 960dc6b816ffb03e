/*
 * What a passphrase must be, for the tool, the library and, of a new key, owner mode.
 */
#ifndef PPDL_OWNER_PASSPHRASE_H
#define PPDL_OWNER_PASSPHRASE_H

#include "base/error.h"

#define PPDL_MIN_PASSPHRASE 8	/* characters of UTF-8 */
#define PPDL_MAX_PASSPHRASE 1023	/* bytes */

/* PPDL_ERR_KEY, with a hint, when it is shorter */
PpdlStatus	ppdl_passphrase_check(const char *passphrase, PpdlError *err);

#endif
