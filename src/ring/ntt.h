/*
 * Inside the NTT: the table of one prime and what its twins share.
 *
 * w[i] = psi^brv(i), brv on log2 N bits.  Stage m (m = 1, 2, .. N/2 blocks) of
 * the forward transform takes w[m .. 2m-1], one root a block.  Only forward
 * roots are stored: the inverse of w[m + i] is -w[m + (m-1-i)], so the inverse
 * transform walks the same table backwards and takes the difference the other
 * way round.
 */
#ifndef PPDL_RING_NTT_H
#define PPDL_RING_NTT_H

#include "ring/ring.h"

/* stages of the first piece of a transform in two, the parts they leave, and the least degree that has these */
#define PPDL_NTT_FIRST 3
#define PPDL_NTT_PARTS (1 << PPDL_NTT_FIRST)
#define PPDL_NTT_SPLIT 1024

struct PpdlNttTables
{
	int			logn;
	size_t		n;
	uint64_t   *w;
	uint64_t   *wq;				/* Shoup quotients floor(w * 2^64 / q) */
	uint64_t	ninv,			/* 1/N */
				ninvq;
	uint64_t	wlast,			/* w[1]/N: the last inverse stage divides by N as well */
				wlastq;
};

/* mod->q, psi and the Barrett constants are set; fills mod->ntt, NULL after an error */
PpdlStatus	ppdl_ntt_tables_create(PpdlModulus *mod, int logn, PpdlError *err);
void		ppdl_ntt_tables_destroy(PpdlNttTables *t);	/* NULL is allowed */

#endif
