/* Packed rows of the row ring as it is, with the keys of prediction that owners publish and no others. */
#ifndef TEST_PACKED_WORLD_H
#define TEST_PACKED_WORLD_H

#include "planned_keys.h"
#include "rows/pack.h"

/* one for all tests: keys cost more than anything else here */
static inline int
set_up_packed(void **state)
{
	Fixture    *f = fixture_new(NULL, PPDL_RING_ROW, 1);

	f->ev.get_key = planned_row_key;
	f->ev.get_key_arg = f;
	*state = f;
	return 0;
}

static inline int
tear_down_packed(void **state)
{
	fixture_free(*state);
	return 0;
}

/* as packing leaves them: row p at its tree position, zeros where there is no row */
static inline void
pack_rows(Fixture *f, PpdlPacked *out, const double *x, int width, const char *keep, int limbs)
{
	const PpdlParams *par = f->par;
	const int	logk = ppdl_log2_width(width),
				d = par->logn - logk;
	const double scale = ldexp(1, 30 + d);
	int64_t    *c = calloc(par->n, sizeof(int64_t));
	PpdlPt		pt;

	*out = (PpdlPacked) {.width = width, .logk = logk, .ordinal = malloc(sizeof(uint32_t) << d)};
	for (uint32_t p = 0; p < 1u << d; p++)
	{
		out->ordinal[p] = keep[p] ? out->rows++ : PPDL_NO_PLACE;
		for (int i = 0; i < width && keep[p]; i++)
			c[ppdl_bitrev(p, d) + ((size_t) i << d)] = llround(x[p * (size_t) width + (size_t) i] * scale);
	}
	OK(ppdl_pt_alloc(&f->ev, &pt, limbs, &err));
	OK(ppdl_encode_coeffs(par, &pt, c, scale, limbs, &err));
	OK(ppdl_encrypt_secret(&f->ev, &out->ct, &pt, f->sk, f->rng, &err));
	out->ct.bound = 1;
	ppdl_pt_release(&f->ev, &pt);
	free(c);
}

#endif
