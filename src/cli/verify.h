/*
 * Sums that are checked before they are decrypted (owner/receipt.h): records of a result in which what lwe_receipt
 * returned lies beside sums and averages.
 */
#ifndef PPDL_CLI_VERIFY_H
#define PPDL_CLI_VERIFY_H

#include "cli/args.h"
#include "cli/reveal.h"

/* --verify and what belongs to it */
typedef struct PpdlVerifyArgs
{
	const char *column,			/* "features", "label"; NULL: nothing is verified */
			   *table;			/* NULL: as the manifests say */
	PpdlList	manifests,		/* files, one a key */
				bind;
	int			whole;			/* all rows that the manifests have of the group */
} PpdlVerifyArgs;

typedef struct PpdlVerifier PpdlVerifier;

/*
 * *out: NULL where a does not ask for it.  a and reveal, whose keys and writers serve, must outlive it; manifests of
 * writers are read here.
 */
PpdlStatus	ppdl_verifier_open(PpdlVerifier **out, const PpdlVerifyArgs *a, const PpdlReveal *reveal, PpdlError *err);
void		ppdl_verifier_close(PpdlVerifier *v);	/* NULL is allowed */

/*
 * Checks a record before anything of it is decrypted.  names: of its columns, or NULL.  *out: its fields, in which sums
 * and averages are what their receipt says they are, and receipts a text ("verified: 412 rows, ward = A"); they live
 * until the next record.  PPDL_ERR_KEY for what does not pass; PPDL_ERR_ARGUMENT for ciphertexts without a receipt.
 */
PpdlStatus	ppdl_verify_record(PpdlVerifier *v, const char *const *names, const PpdlText *fields, size_t count,
							   const PpdlText **out, PpdlError *err);

#endif
