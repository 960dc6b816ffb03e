/*
 * From slices to packed ciphertexts (algorithms.md, 3.2 and 3.3).
 */
#ifndef PPDL_ROWS_PACK_H
#define PPDL_ROWS_PACK_H

#include "ckks/eval.h"
#include "rows/collector.h"

/*
 * packed ciphertexts that a thread is to take together where enough wait: their transforms read keys and matrices once
 * for all of them; each takes scratch of its own
 */
#define PPDL_PACKED_TOGETHER 2

/* ciphertexts that the rows that wait will be packed into, at least */
uint64_t	ppdl_collector_ciphertexts(const PpdlCollector *col);

/*
 * One packed ciphertext (NTT domain, the collector's limbs): row at tree position p has its value f at coefficient
 * bitrev_D(p) + f*N/k, all other coefficients are (nearly) zero.  scale = slice scale * 2^D.
 * In a ring without switching keys (the compact ring) rows of different batches cannot be merged: a ciphertext is one
 * batch or explicit row under the key that it came under, at its own scale, and coefficients of places without a row
 * hold anything (rows/packed_switch.h brings those of several keys together).
 */
typedef struct PpdlPacked
{
	PpdlCt		ct;
	int			width,
				logk;
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	uint32_t	rows;
	uint32_t   *ordinal;		/* [N/k], malloc'ed: ordinal of the row at tree position p, PPDL_NO_PLACE if none */
} PpdlPacked;

/* of packed rows of that scale */
double		ppdl_packed_scale(const PpdlParams *par, int logk, double scale);

/*
 * Takes one complete batch with C*k = N, if there is one: *found.  No key switch.  ev: of the rows' ring.
 * out: the caller's, released with ppdl_packed_release; nothing when not *found or after an error, which leaves
 * the rows where they are.
 */
PpdlStatus	ppdl_pack_complete(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, int *found, PpdlError *err);
/*
 * Takes a complete batch, else up to N/k of the remaining rows (without switching keys: of one batch), largest classes
 * first; *found = 0 when none are left.  Otherwise as ppdl_pack_complete.  Galois keys 2^j+1, j > log2 k.
 * PPDL_ERR_RANGE when scale * 2^D * bound has no room.
 */
PpdlStatus	ppdl_pack_next(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, int *found, PpdlError *err);
void		ppdl_packed_release(PpdlEval *ev, PpdlPacked *p);

/*
 * The same in three steps, for several at a time.  They are chosen one after the other, run in any order, each by one
 * thread with an evaluator of its own, and all ended, in the order they were chosen, before anything else is done with
 * the collector. Each gives the ciphertext that it would give alone.  Memory of a run, in ev's pool: two ciphertexts of
 * the collector's limbs for complete batches, up to some 135 for others.
 */
typedef struct PpdlPacking PpdlPacking;

/*
 * what ppdl_pack_next (rest) or ppdl_pack_complete would take after those chosen before; *out is NULL when that is
 * nothing
 */
PpdlStatus	ppdl_packing_choose(PpdlPacking **out, PpdlCollector *col, int rest, PpdlError *err);
PpdlStatus	ppdl_packing_run(PpdlPacking *p, PpdlEval *ev, PpdlPacked *out, PpdlError *err);
/* frees p; its rows leave the collector (packed), or stay */
void		ppdl_packing_end(PpdlPacking *p, int packed);

#endif
