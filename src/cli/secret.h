/*
 * Passphrases and opened key files.
 */
#ifndef PPDL_CLI_SECRET_H
#define PPDL_CLI_SECRET_H

#include "owner/owner.h"

/*
 * From the first line of `file` if given, else the environment's PPDL_PASSPHRASE, else asked for on the
 * terminal (twice when confirm).  PPDL_ERR_KEY when there is none.  Released with ppdl_passphrase_free.
 */
PpdlStatus	ppdl_passphrase_get(char **out, const char *file, const char *what, int confirm, PpdlError *err);
void		ppdl_passphrase_free(char *passphrase);	/* wipes */

/* The same for a new key, typed twice: PPDL_ERR_KEY when it is too short (owner/passphrase.h), unless allow_weak. */
PpdlStatus	ppdl_passphrase_new(char **out, const char *file, const char *what, int allow_weak, PpdlError *err);

/* Opens a secret key file, asking for its passphrase as above. */
PpdlStatus	ppdl_key_open(PpdlOwner **out, const char *path, const char *passphrase_file, PpdlError *err);

#endif
