/*
 * Records of ciphertexts on their way to people: decrypted, put into words where a feature file says how, dealt out row
 * by row.
 */
#ifndef PPDL_CLI_RECORD_H
#define PPDL_CLI_RECORD_H

#include "cli/words.h"

/*
 * One record, its fields revealed.  words: settled, or NULL; its columns may give several fields.  With expand, a field
 * that is one packed value gives as many output rows as it holds; arrays beside it must have as many elements and are
 * dealt out, other fields are repeated.  emit is called for each output row with fields that live until it returns.
 */
typedef PpdlStatus (*PpdlEmit) (void *arg, const PpdlText *fields, size_t count, PpdlError *err);
PpdlStatus	ppdl_reveal_record(PpdlReveal *r, PpdlWords *words, const PpdlText *fields, size_t count, int expand,
							   PpdlEmit emit, void *arg, PpdlError *err);

#endif
