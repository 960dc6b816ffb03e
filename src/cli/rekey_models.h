/* ppdl rekey: the encrypted weights of models under another key.  Plain models belong to no key. */
#ifndef PPDL_CLI_REKEY_MODELS_H
#define PPDL_CLI_REKEY_MODELS_H

#include "cli/database.h"
#include "owner/owner.h"

/* how many versions of models have weights under the key, and that they may be written (a server's error) */
PpdlStatus	ppdl_rekey_models_find(PpdlDb *db, const char *key_id, int *count, PpdlError *err);
/*
 * Within a transaction: decrypts the weights of each under one key and puts them back under the other, with the same
 * declared length of a unit's weights, or what they need where that is more.  Errors name the model.
 */
PpdlStatus	ppdl_rekey_models_move(PpdlDb *db, PpdlOwner *from, PpdlOwner *to, PpdlError *err);

#endif
