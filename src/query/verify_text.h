/*
 * What is said of a receipt that has passed: "verified: 412 of 415 rows, ward = A, sex = f (200), m (212)".
 */
#ifndef PPDL_QUERY_VERIFY_TEXT_H
#define PPDL_QUERY_VERIFY_TEXT_H

#include "base/bytes.h"
#include "base/text.h"
#include "owner/manifests.h"

#define PPDL_VERIFIED "verified: "	/* what each text begins with */

/* zeroed: nothing */
typedef struct PpdlVerified
{
	PpdlWriter	text,			/* ends in a zero */
				names;			/* of columns, with what they are */
	uint64_t	missing;		/* live rows of the group that the manifests have more; 0 without one */
} PpdlVerified;

void		ppdl_verified_free(PpdlVerified *v);

/* counts the rows of a receipt, a section a key, and what their bound columns hold; m may be of none */
PpdlStatus	ppdl_verified_count(PpdlVerified *v, const PpdlReceiptDomain *d, const PpdlReceipt *r,
								const PpdlManifests *m, int column, PpdlError *err);
/* a column (NULL: without a name) is "sum" or "average" */
void		ppdl_verified_name(PpdlVerified *v, const char *column, const char *what);
/* *to: all of it, malloc'ed */
PpdlStatus	ppdl_verified_text(const PpdlVerified *v, PpdlText *to, PpdlError *err);

#endif
