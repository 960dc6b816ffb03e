/*
 * Manifests: what an owner has encrypted with receipts into a table, row by row, so that it notices rows that are
 * missing, rows that it never wrote, and old versions of rows.  A file of the owner, not for the server.
 *
 * A row has an id and a bound text, and lies in one batch a column.  A row that comes again with the same id replaces
 * the one before it, which stays as an old version.
 *
 * File (integers little-endian, texts with a u32 of their length before them): "PPDLMAN1", u8[8] fingerprint, table,
 * u32 number and names of bound columns; u32 number of bound texts, and these; u32 number of rows, each u32 bound
 * text, with the highest bit set while the row is live, and id; u32 number of batches, each u8[32] seed, u8 column,
 * u8 log2 C, u32 number of rows, each u16 position and u32 number of the row; u8[32] HMAC-SHA-256 of everything before,
 * its key from the owner's master seed (label "ppdl manifest 1").
 */
#ifndef PPDL_OWNER_MANIFEST_H
#define PPDL_OWNER_MANIFEST_H

#include "owner/receipt.h"

/* columns of a table, by number */
#define PPDL_MANIFEST_COLUMNS 2
const char *ppdl_manifest_column_name(int column);	/* "features", "label" */

typedef struct PpdlManifest PpdlManifest;

/* *out: of no rows; destroyed by the caller (NULL is allowed) */
PpdlStatus	ppdl_manifest_create(PpdlManifest **out, const PpdlOwner *o, const char *table, const char *const *bound,
								 int nbound, PpdlError *err);
void		ppdl_manifest_destroy(PpdlManifest *m);

/*
 * The file in memory, and back.  o holds the key that the rows are under: its own, or that of one of its writers.
 * PPDL_ERR_KEY when it does not, or when the file was altered; PPDL_ERR_FORMAT
 */
PpdlStatus	ppdl_manifest_write(const PpdlManifest *m, const PpdlOwner *o, PpdlWriter *w, PpdlError *err);
PpdlStatus	ppdl_manifest_read(PpdlManifest **out, const PpdlOwner *o, const void *buf, size_t len, PpdlError *err);
/* of which key a file says that it is; NULL: it is no manifest.  It points into buf */
const uint8_t *ppdl_manifest_peek(const void *buf, size_t len);

/* of the key that the rows are under */
const uint8_t *ppdl_manifest_fingerprint(const PpdlManifest *m);

/* the domain of a column; lives as long as m */
PpdlReceiptDomain ppdl_manifest_domain(const PpdlManifest *m, int column);
/* whether table and bound columns are those of a domain */
int			ppdl_manifest_is_of(const PpdlManifest *m, const PpdlReceiptDomain *d);

/* receipt keys for all columns, of o itself; released with ppdl_manifest_keys_free, also after an error */
PpdlStatus	ppdl_manifest_keys(PpdlReceiptKey *key[PPDL_MANIFEST_COLUMNS], const PpdlManifest *m, const PpdlOwner *o,
							   PpdlError *err);
void		ppdl_manifest_keys_free(PpdlReceiptKey *key[PPDL_MANIFEST_COLUMNS]);

typedef struct PpdlManifestRow
{
	PpdlRowNote note;			/* id and bound text, of m */
	int			live;			/* 0: an old version, or deleted */
} PpdlManifestRow;

uint32_t	ppdl_manifest_rows(const PpdlManifest *m);	/* old versions included */
uint64_t	ppdl_manifest_live(const PpdlManifest *m);
PpdlManifestRow ppdl_manifest_row(const PpdlManifest *m, uint32_t number);

/* one more row; the live row of this id, if there is one, becomes an old version */
PpdlStatus	ppdl_manifest_add(PpdlManifest *m, const PpdlRowNote *note, uint32_t *number, PpdlError *err);
/* where its values in a column lie: a slice, which no row has yet (PPDL_ERR_ARGUMENT) */
PpdlStatus	ppdl_manifest_place(PpdlManifest *m, uint32_t number, int column, const PpdlCipher *slice, PpdlError *err);
/* the row of this id is deleted; 0: there is none that lives */
int			ppdl_manifest_forget(PpdlManifest *m, const char *id, size_t len);

/* number of the live row of this id, of the row whose values in a column lie there; UINT32_MAX: none */
uint32_t	ppdl_manifest_find_id(const PpdlManifest *m, const char *id, size_t len);
uint32_t	ppdl_manifest_find(const PpdlManifest *m, int column, const uint8_t *seed, int logc, uint32_t pos);
/*
 * Which live row, and its value in which column, a slice with a receipt is: by its place, and by its MAC under that
 * column's key.  c: what was parsed of the slice.  PPDL_ERR_KEY when it is none.
 */
PpdlStatus	ppdl_manifest_identify(const PpdlManifest *m, PpdlReceiptKey *const key[PPDL_MANIFEST_COLUMNS],
								   const PpdlCipher *c, const void *slice, size_t len, uint32_t *number, int *column,
								   PpdlError *err);

/*
 * Whether all rows of a section are live rows of that column: PPDL_ERR_KEY naming the first that is none, by its id
 * where it is an old version.  To be asked after ppdl_receipt_check.
 */
PpdlStatus	ppdl_manifest_check(const PpdlManifest *m, int column, const PpdlReceiptSection *s, PpdlError *err);
/* adds the rows of a section that has passed to a set of numbers (base/bits.h); how many were not in it before */
uint64_t	ppdl_manifest_meet(const PpdlManifest *m, int column, const PpdlReceiptSection *s, uint8_t *bits);
/* number `at` of a row's bound values is this */
typedef struct PpdlBoundClaim
{
	int			at;
	PpdlBoundValue value;
} PpdlBoundClaim;

/* live rows that have values in a column, and of whose bound values all n claims hold */
uint64_t	ppdl_manifest_count(const PpdlManifest *m, int column, const PpdlBoundClaim *claim, int n);
/*
 * A receipt for which the server gave no bound texts takes them from the manifest, so that it can be checked: the rows
 * in sections of its key are counted anew.  PPDL_ERR_KEY for rows that are not in the manifest.
 */
PpdlStatus	ppdl_manifest_bind(const PpdlManifest *m, int column, PpdlReceipt *r, PpdlError *err);
/* adds all rows, old versions included, that have a value in a column to a set of numbers (base/bits.h) */
void		ppdl_manifest_mark(const PpdlManifest *m, int column, uint8_t *bits);

#endif
