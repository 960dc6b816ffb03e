/* Insecure parameters, small enough for tests to run at every level. */
#ifndef TEST_TOY_PARAMS_H
#define TEST_TOY_PARAMS_H

#include "ckks/params.h"

/* digits: primes 0-1, 2-3, 4-5 */
static const PpdlParamsLiteral toy8 = {
	.id = PPDL_RING_CUSTOM, .name = "toy8", .logn = 8, .nq = 6, .np = 2,
	.q = {
		UINT64_C(0x3ffffffd20001), UINT64_C(0x4000038001), UINT64_C(0x4000098001),
		UINT64_C(0x3ffff48001), UINT64_C(0x100000020001), UINT64_C(0x100000038001),
	},
	.p = {UINT64_C(0x3ffffffdf0001), UINT64_C(0x3ffffffd48001)},
};

#endif
