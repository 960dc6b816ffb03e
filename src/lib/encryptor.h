/* Private to the floor: what an encryptor is; in encryptor.c. */
#ifndef PPDL_LIB_ENCRYPTOR_H
#define PPDL_LIB_ENCRYPTOR_H

#include "lib/handles.h"
#include "owner/row_batch.h"

struct ppdl_encryptor
{
	ppdl_key   *key;
	PpdlRowBatch batch;
};

#endif
