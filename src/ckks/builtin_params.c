/*
 * The built-in parameter sets.  All rings share q0, so that the bridges from
 * rows to the deep ring need no change of modulus.
 */
#include <pthread.h>

#include "ckks/params.h"

static const PpdlParamsLiteral row14 = {
	.id = PPDL_RING_ROW, .name = "row14", .logn = 14, .nq = 8, .np = 2,
	.q = {
		UINT64_C(0x3ffffffd20001),
		UINT64_C(0x4000038001), UINT64_C(0x4000098001), UINT64_C(0x3ffff48001), UINT64_C(0x3ffff28001),
		UINT64_C(0x4000138001),
		UINT64_C(0x100000020001), UINT64_C(0x100000038001),
	},
	.p = {UINT64_C(0x3ffffffdf0001), UINT64_C(0x3ffffffd48001)},
};

static const PpdlParamsLiteral deep16 = {
	.id = PPDL_RING_DEEP, .name = "deep16", .logn = 16, .nq = 28, .np = 9,
	.q = {
		UINT64_C(0x3ffffffd20001),
		/* work */
		UINT64_C(0x10000140001), UINT64_C(0xffffe80001), UINT64_C(0xffffc40001), UINT64_C(0x100003e0001),
		UINT64_C(0xffffb20001), UINT64_C(0x10000500001), UINT64_C(0xffff940001), UINT64_C(0xffff8a0001),
		UINT64_C(0xffff820001), UINT64_C(0xffff780001), UINT64_C(0x10000960001),
		/* slots to coefficients */
		UINT64_C(0x3ffffe80001), UINT64_C(0x3ffffd20001),
		/* modular reduction */
		UINT64_C(0x3ffffffb80001), UINT64_C(0x3fffffed60001), UINT64_C(0x3fffffec80001), UINT64_C(0x3fffffebe0001),
		UINT64_C(0x3fffffea60001), UINT64_C(0x3fffffea40001), UINT64_C(0x3fffffe9e0001), UINT64_C(0x3fffffe9a0001),
		UINT64_C(0x3fffffe940001), UINT64_C(0x3fffffe620001),
		/* coefficients to slots */
		UINT64_C(0xfffffffa0001), UINT64_C(0xfffffff00001), UINT64_C(0x10000001a0001), UINT64_C(0x10000001e0001),
	},
	.p = {
		UINT64_C(0x3fffffe460001), UINT64_C(0x3fffffdd40001), UINT64_C(0x3fffffdce0001), UINT64_C(0x3fffffd900001),
		UINT64_C(0x3fffffd7a0001), UINT64_C(0x3fffffd540001), UINT64_C(0x3fffffd500001), UINT64_C(0x3fffffd2a0001),
		UINT64_C(0x3fffffcc40001),
	},
};

static const PpdlParamsLiteral compact11 = {
	.id = PPDL_RING_COMPACT, .name = "compact11", .logn = 11, .nq = 1, .np = 0,
	.q = {UINT64_C(0x3ffffffd20001)},
};

PpdlStatus
ppdl_params_get(uint8_t id, const PpdlParams **out, PpdlError *err)
{
	static const PpdlParamsLiteral *const set[] = {
		[PPDL_RING_ROW] = &row14, [PPDL_RING_DEEP] = &deep16, [PPDL_RING_COMPACT] = &compact11,
	};
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static PpdlParams *made[sizeof(set) / sizeof(set[0])];
	PpdlStatus	status = PPDL_OK;

	*out = NULL;
	if (id >= sizeof(set) / sizeof(set[0]) || set[id] == NULL)
		return ppdl_error(err, PPDL_ERR_VERSION, "unknown ring number %d", id);
	pthread_mutex_lock(&lock);
	if (made[id] == NULL)
		status = ppdl_params_create(&made[id], set[id], 1, err);
	*out = made[id];
	pthread_mutex_unlock(&lock);
	return status;
}
