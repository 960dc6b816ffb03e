/* ppdl rekey: the encrypted weights of models under another key.  Plain models belong to no key. */
#ifndef PPDL_CLI_REKEY_MODELS_H
#define PPDL_CLI_REKEY_MODELS_H

#include "cli/database.h"
#include "owner/owner.h"

/*
 * keys: the old one and its writers', with commas between.
 *
 * How many versions of models have weights under these (-1: this role may not read that), and that they may be written
 * (a server's error).
 */
PpdlStatus	ppdl_rekey_models_find(PpdlDb *db, const char *keys, int *count, PpdlError *err);
/*
 * Within a transaction: decrypts the weights of each under these keys, which `from` holds, and puts them back under the
 * other, with the same declared length of a unit's weights, or what they need where that is more.  Errors name the
 * model.
 */
PpdlStatus	ppdl_rekey_models_move(PpdlDb *db, const char *keys, PpdlOwner *from, PpdlOwner *to, PpdlError *err);
/*
 * Trainings that wait to be resumed with weights and rows under these keys: PPDL_ERR_ARGUMENT that lists them, or
 * (leave) a note
 */
PpdlStatus	ppdl_rekey_trainings_check(PpdlDb *db, const char *keys, int leave, PpdlError *err);

#endif
