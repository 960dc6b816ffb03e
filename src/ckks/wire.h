/*
 * Stored form of keys: little-endian, residues bit-packed limb by limb at the
 * bit length of each prime, uniform halves replaced by their seed.  Readers take
 * hostile bytes: every length, id and residue is checked, and a digest at the end
 * of each key tells of damage.
 *
 * key:     "PPDK", version (1), kind (1 public, 2 switching, 3 switching without a seed, 4 public modulo P), ring, 0
 *          switching: id (4 bytes), limbs, special primes, digits, 0
 *          seed (32 bytes), not in kind 3
 *          b half: digit by digit, limbs of Q, then of P (kind 1 those of Q, kind 4 those of P alone)
 *          kind 3: a half, likewise
 *          first 16 bytes of the SHA-256 of all of the above
 */
#ifndef PPDL_CKKS_WIRE_H
#define PPDL_CKKS_WIRE_H

#include "base/bytes.h"
#include "ckks/eval.h"
#include "ckks/keys.h"

/*
 * Limbs lo .. hi-1 (indices into ring->mod), of any domain, which lie one behind the other at p, each padded to a
 * byte.  A failed writer says so itself.
 */
void		ppdl_wire_put_limbs(PpdlWriter *w, const PpdlParams *par, const uint64_t *p, int lo, int hi);
/* back to p; PPDL_ERR_FORMAT when short or a residue is not below its prime */
PpdlStatus	ppdl_wire_get_limbs(PpdlReader *r, const PpdlParams *par, uint64_t *p, int lo, int hi, PpdlError *err);
/* f64 scale, f64 noise, f64 bound, b, a (NTT domain, limb by limb), of states */
void		ppdl_wire_put_ct(PpdlWriter *w, const PpdlCt *ct);
/* ... of so many limbs, in ev's ring and pool; PPDL_ERR_FORMAT, then ct is empty */
PpdlStatus	ppdl_wire_get_ct(PpdlReader *r, PpdlEval *ev, PpdlCt *ct, int limbs, PpdlError *err);

/* appended to w, but for the uniform half, of which there is the seed */
PpdlStatus	ppdl_wire_put_public_key(PpdlWriter *w, const PpdlPublicKey *pk, PpdlError *err);
/*
 * expands the seeded half; *pk owns its memory, NULL after an error.  PPDL_ERR_FORMAT: cut off or damaged,
 * PPDL_ERR_VERSION: format or ring unknown; bytes after the key are left in r
 */
PpdlStatus	ppdl_wire_get_public_key(PpdlReader *r, PpdlPublicKey **pk, PpdlError *err);
/* likewise */
PpdlStatus	ppdl_wire_put_public_special(PpdlWriter *w, const PpdlPublicSpecial *ps, PpdlError *err);
PpdlStatus	ppdl_wire_get_public_special(PpdlReader *r, PpdlPublicSpecial **ps, PpdlError *err);
PpdlStatus	ppdl_wire_put_switch_key(PpdlWriter *w, const PpdlSwitchKey *key, PpdlError *err);
/* likewise; threads (NULL: none) read, hash and expand */
PpdlStatus	ppdl_wire_get_switch_key(PpdlReader *r, PpdlSwitchKey **key, PpdlThreads *threads, PpdlError *err);

/* the header of a stored switching key, without reading the rest */
typedef struct PpdlSwitchKeyInfo
{
	uint8_t		ring;
	uint32_t	id;
	int			limbs,
				np,
				ndigits,
				whole;			/* stored without a seed */
} PpdlSwitchKeyInfo;
PpdlStatus	ppdl_wire_peek_switch_key(PpdlReader r, PpdlSwitchKeyInfo *info, PpdlError *err);

#endif
