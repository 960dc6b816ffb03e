/*
 * Stored form of keys: little-endian, residues bit-packed limb by limb at the
 * bit length of each prime, uniform halves replaced by their seed.  Readers take
 * hostile bytes: every length, id and residue is checked.
 */
#ifndef PPDL_CKKS_WIRE_H
#define PPDL_CKKS_WIRE_H

#include "base/bytes.h"
#include "ckks/keys.h"

/* limbs lo .. hi-1 (indices into ring->mod) of p, each padded to a byte */
void		ppdl_wire_put_limbs(PpdlWriter *w, const PpdlParams *par, const uint64_t *p, int lo, int hi);
/* PPDL_ERR_FORMAT when short or a residue is not below its prime */
PpdlStatus	ppdl_wire_get_limbs(PpdlReader *r, const PpdlParams *par, uint64_t *p, int lo, int hi, PpdlError *err);

PpdlStatus	ppdl_wire_put_public_key(PpdlWriter *w, const PpdlPublicKey *pk, PpdlError *err);
PpdlStatus	ppdl_wire_get_public_key(PpdlReader *r, PpdlPublicKey **pk, PpdlError *err);
PpdlStatus	ppdl_wire_put_switch_key(PpdlWriter *w, const PpdlSwitchKey *key, PpdlError *err);
/* expands the seeded half; the result owns its memory */
PpdlStatus	ppdl_wire_get_switch_key(PpdlReader *r, PpdlSwitchKey **key, PpdlThreads *threads, PpdlError *err);

/* the header of a stored switching key, without reading the rest */
typedef struct PpdlSwitchKeyInfo
{
	uint8_t		ring;
	uint32_t	id;
	int			limbs,
				np,
				ndigits;
} PpdlSwitchKeyInfo;
PpdlStatus	ppdl_wire_peek_switch_key(PpdlReader r, PpdlSwitchKeyInfo *info, PpdlError *err);

#endif
