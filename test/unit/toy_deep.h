/* The deep ring's moduli at an insecure degree: every step of bootstrapping in a second. */
#ifndef TEST_TOY_DEEP_H
#define TEST_TOY_DEEP_H

#include "ckks/params.h"

/* the deep ring's literal with another degree */
static inline PpdlParamsLiteral
toy_deep(const PpdlParams *deep, int logn)
{
	PpdlParamsLiteral lit = {.id = PPDL_RING_CUSTOM, .name = "toy-deep", .logn = logn, .nq = deep->nq, .np = deep->np};

	for (int i = 0; i < deep->nq; i++)
		lit.q[i] = deep->ring->mod[i].q;
	for (int i = 0; i < deep->np; i++)
		lit.p[i] = deep->ring->mod[deep->nq + i].q;
	return lit;
}

#endif
