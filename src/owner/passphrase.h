/*
 * What a passphrase of a new key must be, for the tool and for owner mode.
 */
#ifndef PPDL_OWNER_PASSPHRASE_H
#define PPDL_OWNER_PASSPHRASE_H

#include "base/error.h"

#define PPDL_MIN_PASSPHRASE 8	/* characters of UTF-8 */

/* PPDL_ERR_KEY, with a hint, when it is shorter */
PpdlStatus	ppdl_passphrase_check(const char *passphrase, PpdlError *err);

#endif
