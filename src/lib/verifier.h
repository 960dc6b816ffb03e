/* Private to the floor: what a handle of receipts.c that checks sums is. */
#ifndef PPDL_LIB_VERIFIER_H
#define PPDL_LIB_VERIFIER_H

#include "lib/handles.h"
#include "query/verify.h"

struct ppdl_verifier
{
	ppdl_key   *key;
	PpdlVerifyArgs args;
	char	   *column,
			   *table;
	PpdlVerifier *verifier;
};

#endif
