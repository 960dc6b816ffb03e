/*
 * Rows of one key encrypted anew under another, in the same form (ring, limbs, scale, batch size, encoding), labels
 * beside their features again.  Rows gather in batches, so that memory does not grow with their number.
 *
 * The new noise is fresh and comes on top of the old one, of which the new key's owner alone cannot get rid: the error
 * of a row grows by the root of 2 the first time.  It must be fresh: whoever has the old key knows the old noise, and
 * would read the new key off rows that keep it.
 */
#ifndef PPDL_OWNER_REKEY_H
#define PPDL_OWNER_REKEY_H

#include "owner/manifests.h"

#define PPDL_REKEY_COLUMNS 16	/* most columns of a row */
#define PPDL_REKEY_TAG 32		/* bytes by which the caller knows a row again */

typedef struct PpdlRekeyer PpdlRekeyer;

typedef struct PpdlRekeyValue
{
	const uint8_t *data;		/* a slice; NULL: the row has no value in this column */
	size_t		len;
} PpdlRekeyValue;

/* Takes a row anew, in any order; value: one a column, NULL where it was, valid until the call returns. */
typedef PpdlStatus (*PpdlRekeyPut) (void *arg, const uint8_t tag[PPDL_REKEY_TAG], const PpdlRekeyValue *value,
									PpdlError *err);

/* from decrypts, to encrypts; both stay the caller's and must outlive the rekeyer; columns: 1 .. PPDL_REKEY_COLUMNS */
PpdlStatus	ppdl_rekeyer_create(PpdlRekeyer **out, PpdlOwner *from, PpdlOwner *to, int columns, PpdlRekeyPut put,
								void *arg, PpdlError *err);
void		ppdl_rekeyer_destroy(PpdlRekeyer *r);	/* wipes; rows that wait are lost */

/*
 * Rows with receipts get new ones, of the same domains, ids and bound texts, which the manifest of their key says; each
 * is checked by its MAC before it is decrypted.  m, one manifest at least, must outlive the rekeyer.  Without a
 * manifest such rows are PPDL_ERR_ARGUMENT, with one those that are not in it, old versions, and rows that do not pass
 * PPDL_ERR_KEY.
 */
PpdlStatus	ppdl_rekeyer_manifests(PpdlRekeyer *r, const PpdlManifests *m, PpdlError *err);

/*
 * Takes a row; put is called for whole batches as they fill.  A label goes beside the features that it names
 * (rows/partner.h), where they are in its row; where seeds say nothing (rows of 0.1.0), beside those of the first
 * column that has a value, if that is where it lies.  PPDL_ERR_ARGUMENT for values that are no slices; other errors
 * as of decryption.
 */
PpdlStatus	ppdl_rekeyer_add(PpdlRekeyer *r, const uint8_t tag[PPDL_REKEY_TAG], const PpdlRekeyValue *value,
							 PpdlError *err);
/* puts all rows that wait */
PpdlStatus	ppdl_rekeyer_flush(PpdlRekeyer *r, PpdlError *err);
/* labels so far that name features which were not in their row: they go into batches of their own */
uint64_t	ppdl_rekeyer_loose(const PpdlRekeyer *r);

#endif
