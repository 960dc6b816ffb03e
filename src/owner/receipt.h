/*
 * The owner's side of receipts: rows get tags and a MAC when they are encrypted; later a sum that came with its receipt
 * (rows/receipt.h) is checked before anything of it is decrypted, and rows of a table are checked one by one
 * (doc/algorithms.md, 10).
 *
 * A check that passes says: the coefficients are the sum of exactly the rows that the receipt names, each of them made
 * with this key for this domain, and so many of them with each bound text as it says.  Whether these are all rows that
 * there should be, and none of them an old version, says the manifest (owner/manifest.h).
 *
 * What fails a check is PPDL_ERR_KEY.  Never decrypt a sum that fails: use what ppdl_receipt_sum writes of a receipt
 * that has passed, not the value that came beside it.
 */
#ifndef PPDL_OWNER_RECEIPT_H
#define PPDL_OWNER_RECEIPT_H

#include "owner/owner.h"
#include "rows/receipt.h"

/* What rows are tied to: rows of other domains do not pass, whatever else they share. */
typedef struct PpdlReceiptDomain
{
	const char *name,			/* of the table, as its owner calls it: "patients" */
			   *column;			/* "features", "label" */
	const char *const *bound;	/* names of the plain columns that are tied to rows, in the order of bound texts */
	int			nbound;			/* PPDL_MAX_BOUND_VALUES at most */
} PpdlReceiptDomain;

/* keys of one owner (or writer) and domain; wiped by destroy (NULL is allowed).  For one thread at a time. */
typedef struct PpdlReceiptKey PpdlReceiptKey;

/* PPDL_ERR_ARGUMENT for a domain without a name, or with too many bound columns */
PpdlStatus	ppdl_receipt_key_create(PpdlReceiptKey **out, const PpdlOwner *o, const PpdlReceiptDomain *d,
									PpdlError *err);
/* of that key: o's own, or one of a writer that o was given (owner/writer.h); PPDL_ERR_KEY when o holds neither */
PpdlStatus	ppdl_receipt_key_of(PpdlReceiptKey **out, PpdlOwner *o, const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES],
								const PpdlReceiptDomain *d, PpdlError *err);
void		ppdl_receipt_key_destroy(PpdlReceiptKey *k);
const uint8_t *ppdl_receipt_key_fingerprint(const PpdlReceiptKey *k);

/* what a row's MAC covers beside the row: its id in the table, and its bound text (ppdl_bound_write) */
typedef struct PpdlRowNote
{
	const char *id;
	size_t		id_len;
	const void *bound;
	size_t		bound_len;
} PpdlRowNote;

/*
 * A slice without tags, of this key's owner, becomes one with tags and MAC: len + ppdl_tag_bytes(limbs) bytes at out.
 * Quick for the rows of a batch one after the other.  PPDL_ERR_ARGUMENT for other values, PPDL_ERR_KEY for other keys.
 */
PpdlStatus	ppdl_receipt_tag_row(PpdlReceiptKey *k, uint8_t *out, const uint8_t *slice, size_t len,
								 const PpdlRowNote *note, PpdlError *err);

/*
 * Whether a row is, to the last bit, the one that was encrypted for this domain with this id and these bound values:
 * by its MAC.  An older version of a row passes: the manifest knows those.  PPDL_ERR_KEY when it is not, or has no MAC;
 * PPDL_ERR_FORMAT.
 */
PpdlStatus	ppdl_receipt_check_row(PpdlReceiptKey *k, const void *row, size_t len, const PpdlRowNote *note,
								   PpdlError *err);

/*
 * Whether a section of a receipt is what it says (see above).  r is reduced.  PPDL_ERR_KEY when it is not, PPDL_ERR_KEY
 * naming both keys when it is of another.
 */
PpdlStatus	ppdl_receipt_check(PpdlReceiptKey *k, PpdlReceipt *r, const PpdlReceiptSection *s, PpdlError *err);

/*
 * Whether a value, of kind row or parts, is the sum of a section's rows (*divisor = 1), or their average (*divisor =
 * their number): the same coefficients, at the scale of one of them.  r is reduced.  PPDL_ERR_KEY when it is neither.
 */
PpdlStatus	ppdl_receipt_match(PpdlReceipt *r, const PpdlReceiptSection *s, const PpdlCipher *value, double *divisor,
							   PpdlError *err);

/*
 * Rows of several keys, or of a writer: a server switches their sums to the owner's key, so that there are no
 * coefficients that a value could be compared with.  Nothing of such a value is used, and it is never decrypted; claim
 * reads of its header whether it says to be the sum of all sections' rows (*divisor = 1) or their average, which finds
 * questions that take the two over different rows (PPDL_ERR_KEY), but no server that lies.  PPDL_ERR_ARGUMENT when
 * the sections are of different widths or scales.
 */
PpdlStatus	ppdl_receipt_claim(const PpdlReceipt *r, const PpdlCipher *value, double *divisor, PpdlError *err);
/*
 * Appends what the rows of all sections come to, divided by `divisor`: decrypts each section's sum, all of which have
 * passed ppdl_receipt_check, with its own key, which o holds, and adds the values.  They are written as a value under
 * o's key that anybody can read (its uniform half is zero), for what reads values of sums: never let it leave.
 */
PpdlStatus	ppdl_receipt_total(PpdlReceipt *r, PpdlOwner *o, double divisor, PpdlWriter *w, PpdlError *err);

/* how many rows of a section have `value` as number `at` of their bound values; *other: another, or no such */
void		ppdl_receipt_count(const PpdlReceiptSection *s, int at, const PpdlBoundValue *value, uint64_t *rows,
							   uint64_t *other);
/* rows of a section */
uint64_t	ppdl_receipt_section_rows(const PpdlReceiptSection *s);

#endif
