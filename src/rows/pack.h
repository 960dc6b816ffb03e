/*
 * From slices to packed ciphertexts (algorithms.md, 3.2 and 3.3).
 */
#ifndef PPDL_ROWS_PACK_H
#define PPDL_ROWS_PACK_H

#include "ckks/eval.h"
#include "rows/cipher.h"

/*
 * A collector gathers slices of one ring, key and width, batch by batch, each with
 * the caller's ordinal.  The same slice may come more than once (joins): it counts as
 * a further batch.  Explicit rows are collected as batches of their own.  Memory: the slices' bytes.
 */
typedef struct PpdlCollector PpdlCollector;

/* limbs: how many each slice must have (PPDL_ERR_LEVEL says "compact rows ... need full ones" otherwise) */
PpdlStatus	ppdl_collector_create(PpdlCollector **out, int limbs, PpdlError *err);
void		ppdl_collector_destroy(PpdlCollector *col);
/* whom loading, merging and saving ask now and then; poll must outlive col */
void		ppdl_collector_set_poll(PpdlCollector *col, const PpdlPoll *poll);
/*
 * *complete = 1 when this row completed a batch that fills a ciphertext (C*k = N), which ppdl_pack_complete can then
 * take; smaller ones wait to share a ciphertext
 */
PpdlStatus	ppdl_collector_add(PpdlCollector *col, const PpdlCipher *c, uint32_t ordinal, int *complete,
							   PpdlError *err);
/*
 * into gets from's rows too, ordinals plus ordinal_offset; batches may become complete: ask ppdl_pack_complete until it
 * finds none
 */
PpdlStatus	ppdl_collector_merge(PpdlCollector *into, PpdlCollector *from, uint32_t ordinal_offset, PpdlError *err);
uint64_t	ppdl_collector_rows(const PpdlCollector *col);	/* waiting */
int			ppdl_collector_complete(const PpdlCollector *col);	/* batches that ppdl_pack_complete would find */
size_t		ppdl_collector_memory(const PpdlCollector *col);
/* marks the ordinals of all rows (ordinals.h): PPDL_ERR_FORMAT when one is not below n or marked already */
PpdlStatus	ppdl_collector_mark(const PpdlCollector *col, uint8_t *bits, uint32_t n, PpdlError *err);
/* are the rows of the shape's ring, key, width, scale and limbs? */
PpdlStatus	ppdl_collector_check_like(const PpdlCollector *col, const PpdlCipher *shape, PpdlError *err);
/*
 * State bytes for transfer, and back.  Loading trusts nothing: each row is checked as if it came alone, and
 * all must belong together.  It takes no more than a few times the bytes.
 */
PpdlStatus	ppdl_collector_save(const PpdlCollector *col, PpdlWriter *w, PpdlError *err);
/* an empty one, of the same limbs */
PpdlStatus	ppdl_collector_fill(PpdlCollector *col, const void *buf, size_t len, PpdlError *err);
PpdlStatus	ppdl_collector_load(PpdlCollector **out, const void *buf, size_t len, PpdlError *err);

/*
 * One packed ciphertext (NTT domain, the collector's limbs): row at tree position p has its value f at coefficient
 * bitrev_D(p) + f*N/k, all other coefficients are (nearly) zero.  scale = slice scale * 2^D.
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

/*
 * Takes one complete batch with C*k = N, if there is one: *found.  No key switch.  ev: of the rows' ring.
 * out: the caller's, released with ppdl_packed_release; nothing when not *found or after an error, which leaves
 * the rows where they are.
 */
PpdlStatus	ppdl_pack_complete(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, int *found, PpdlError *err);
/*
 * Takes a complete batch, else up to N/k of the remaining rows, largest classes first; *found = 0 when none
 * are left.  Otherwise as ppdl_pack_complete.  Galois keys 2^j+1, j > log2 k.
 * PPDL_ERR_RANGE when scale * 2^D * bound has no room.
 */
PpdlStatus	ppdl_pack_next(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, int *found, PpdlError *err);
void		ppdl_packed_release(PpdlEval *ev, PpdlPacked *p);

/*
 * The same in three steps, for several at a time.  They are chosen one after the other, run in any order, each by one
 * thread with an evaluator of its own, and all ended, in the order they were chosen, before anything else is done with
 * the collector. Each gives the ciphertext that it would give alone.  Memory of a run, in ev's pool: two ciphertexts of
 * the collector's limbs for complete batches, some 40 for others.
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
