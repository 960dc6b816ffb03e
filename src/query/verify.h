/*
 * Sums that are checked before they are decrypted (owner/receipt.h): records of a result in which what lwe_receipt
 * returned lies beside sums and averages.
 */
#ifndef PPDL_QUERY_VERIFY_H
#define PPDL_QUERY_VERIFY_H

#include "base/list.h"
#include "base/poll.h"
#include "base/text.h"
#include "owner/writer_parts.h"

/* what is to be verified */
typedef struct PpdlVerifyArgs
{
	int			asked;			/* --verify was given: else nothing is verified */
	const char *column,			/* "features", "label"; NULL: features */
			   *table;			/* NULL: as the manifests say */
	PpdlList	manifests,		/* files, one a key */
				bind;
	int			whole;			/* all rows that the manifests have of the group */
} PpdlVerifyArgs;

/* whose rows */
typedef struct PpdlVerifyKeys
{
	PpdlOwner **owner;
	int			owners;
	const PpdlWriterParts *writers;
	PpdlPoll	poll;			/* whether to go on */
} PpdlVerifyKeys;

typedef struct PpdlVerifier PpdlVerifier;

/*
 * *out: NULL where a does not ask for it.  a and what keys points to must outlive it; manifests of writers are read
 * here.
 */
PpdlStatus	ppdl_verifier_open(PpdlVerifier **out, const PpdlVerifyArgs *a, const PpdlVerifyKeys *keys, PpdlError *err);
void		ppdl_verifier_close(PpdlVerifier *v);	/* NULL is allowed */

/* of which column sums are from now on: a number of manifests; at first that of the arguments */
void		ppdl_verifier_column(PpdlVerifier *v, int column);
/* rows of the receipt in the last record; 0: it had none */
uint64_t	ppdl_verifier_rows(const PpdlVerifier *v);
/*
 * NULL beside a receipt, in a column of a bound column's name, is a group like others from now on.  At first it may be
 * a total of groups, too, and is said to be taken for one where the rows are of other groups.
 */
void		ppdl_verifier_null_is_group(PpdlVerifier *v);
/* the records are of this query from now on: NULL may be a total where it could make one (ppdl_sql_may_total) */
void		ppdl_verifier_of_query(PpdlVerifier *v, const char *sql);
/* --all-rows: live rows of the manifests with values in a column, of which no receipt has been yet; else 0 */
uint64_t	ppdl_verifier_left(const PpdlVerifier *v, int column);

/*
 * Checks a record before anything of it is decrypted.  names: of its columns, or NULL.  *out: its fields, in which sums
 * and averages are what their receipt says they are, and receipts a text ("verified: 412 rows, ward = A"); they live
 * until the next record.  Second moments pass as what the text says is not verified.  PPDL_ERR_KEY for what does not
 * pass; PPDL_ERR_ARGUMENT for ciphertexts without a receipt.
 */
PpdlStatus	ppdl_verify_record(PpdlVerifier *v, const char *const *names, const PpdlText *fields, size_t count,
							   const PpdlText **out, PpdlError *err);

#endif
