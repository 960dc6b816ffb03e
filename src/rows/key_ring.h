/*
 * The keys of collected rows: their owner's, and those of its writers, with the way from each to the owner's.
 */
#ifndef PPDL_ROWS_KEY_RING_H
#define PPDL_ROWS_KEY_RING_H

#include "ckks/eval.h"
#include "rows/cipher.h"
#include "rows/sum_keys.h"

/* key switches from a writer's key to its owner's: more than one where the owner's own key was replaced */
#define PPDL_MAX_HOPS 8

typedef struct PpdlForeignKey
{
	int			hops;
	uint8_t		from[PPDL_MAX_HOPS][PPDL_FINGERPRINT_BYTES];	/* of each switch; the first is the key itself */
	const PpdlSwitchKey *key[PPDL_MAX_HOPS];	/* found by ppdl_key_ring_load */
} PpdlForeignKey;

/* zeroed: of one key alone, until writer_of is set */
typedef struct PpdlKeyRing
{
	PpdlWriterOf writer_of;
	void	   *arg;
	uint8_t		owner[PPDL_FINGERPRINT_BYTES];
	int			known;			/* there is an owner */
	PpdlForeignKey *foreign;
	int			count;
	int			last;			/* the number that was found last */
	/* when loaded for rows of the compact ring: of the owner's own */
	const PpdlSwitchKey *bridge;
} PpdlKeyRing;

void		ppdl_key_ring_free(PpdlKeyRing *ring);
/*
 * *number: 0 for the owner's key, which the first call decides; 1 .. count for a writer's.  PPDL_ERR_KEY names two
 * owners; what: the operation
 */
PpdlStatus	ppdl_key_ring_find(PpdlKeyRing *ring, const uint8_t key[8], const char *what, int *number, PpdlError *err);
static inline const uint8_t *
ppdl_key_ring_key(const PpdlKeyRing *ring, int number)
{
	return number == 0 ? ring->owner : ring->foreign[number - 1].from[0];
}
/*
 * The switching keys of all writers for so many limbs, from ev's source, asked as in rows/switch.h.  compact: for
 * polynomials of the compact ring at X^8, one limb; then the owner's own need one, too
 */
PpdlStatus	ppdl_key_ring_load(PpdlKeyRing *ring, PpdlEval *ev, int limbs, int compact, PpdlError *err);

/* halves under key `number`, as in ppdl_switch_halves, become such under the owner's; any thread, keys being loaded */
PpdlStatus	ppdl_key_ring_switch(const PpdlKeyRing *ring, int number, PpdlEval *ev, uint64_t *b, uint64_t *a, int limbs,
								 PpdlError *err);
/* noise of a coefficient after that */
double		ppdl_key_ring_noise(const PpdlKeyRing *ring, int number, const PpdlParams *par, int limbs, double noise);

#endif
