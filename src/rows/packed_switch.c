#include "rows/packed_switch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ring/vec.h"
#include "rows/collector_impl.h"
#include "rows/key_ring.h"

typedef struct Switching
{
	PpdlEval   *ev;
	PpdlKeyRing *keys;
	const PpdlPacked *in;
	int			count,
				log_stride,		/* coefficient c of batch t becomes coefficient (c << log_stride) + bitrev(t) */
				number[PPDL_PACKED_BATCHES];	/* of each batch's key */
	uint64_t   *half,			/* a polynomial of the compact ring */
			   *b,				/* what one key's batches come to, N words each */
			   *a;
} Switching;

PpdlStatus
ppdl_packed_load_keys(PpdlEval *ev, PpdlCollector *col, const PpdlPacked *in, uint32_t count, PpdlError *err)
{
	int			number;

	for (uint32_t i = 0; i < count; i++)
		PPDL_TRY(ppdl_key_ring_find(&col->keys, in[i].fingerprint, "packing", &number, err));
	return ppdl_key_ring_load(&col->keys, ev, 1, 1, err);
}

static PpdlStatus
set_up(Switching *s, PpdlError *err)
{
	const PpdlParams *rows = s->ev->par,
			   *compact = s->in[0].ct.par;

	s->log_stride = rows->logn - compact->logn;
	if (rows->np == 0 || s->log_stride < 0 || 1 << s->log_stride != PPDL_PACKED_BATCHES ||
		rows->ring->mod[0].q != compact->ring->mod[0].q)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "ring %s is no part of ring %s", compact->name, rows->name);
	s->half = ppdl_pool_get(s->ev->pool, compact->n * sizeof(uint64_t));
	s->b = ppdl_pool_get(s->ev->pool, rows->n * sizeof(uint64_t));
	s->a = ppdl_pool_get(s->ev->pool, rows->n * sizeof(uint64_t));
	if (s->half == NULL || s->b == NULL || s->a == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int t = 0; t < s->count; t++)
		PPDL_TRY(ppdl_key_ring_find(s->keys, s->in[t].fingerprint, "packing", &s->number[t], err));
	return PPDL_OK;
}

/* from: NTT domain; out: coefficients */
static void
interleave(const Switching *s, uint64_t *out, int t, const uint64_t *from)
{
	const PpdlRing *ring = s->in[t].ct.par->ring;
	const size_t at = ppdl_bitrev((uint32_t) t, s->log_stride);

	memcpy(s->half, from, ring->n * sizeof(uint64_t));
	ppdl_intt(ring, &ring->mod[0], s->half);
	for (size_t c = 0; c < ring->n; c++)
		out[(c << s->log_stride) + at] = s->half[c];
}

/* the batches of one key, which none before `first` has, are added to out */
static PpdlStatus
add_key(Switching *s, PpdlCt *out, int first, PpdlError *err)
{
	const PpdlRing *ring = s->ev->par->ring;
	const int	key = s->number[first];
	const double noise = ppdl_key_ring_noise(s->keys, key, s->ev->par, 1, 0);

	PPDL_TRY(ppdl_eval_poll(s->ev, err));
	memset(s->b, 0, ring->n * sizeof(uint64_t));
	memset(s->a, 0, ring->n * sizeof(uint64_t));
	for (int t = first; t < s->count; t++)
		if (s->number[t] == key)
		{
			interleave(s, s->b, t, s->in[t].ct.b);
			interleave(s, s->a, t, s->in[t].ct.a);
		}
	ppdl_ntt(ring, &ring->mod[0], s->b);
	ppdl_ntt(ring, &ring->mod[0], s->a);
	PPDL_TRY(ppdl_key_ring_switch(s->keys, key, s->ev, s->b, s->a, 1, err));
	ppdl_vec_add(&ring->mod[0], out->b, out->b, s->b, ring->n);
	ppdl_vec_add(&ring->mod[0], out->a, out->a, s->a, ring->n);
	out->noise = hypot(out->noise, noise);
	return PPDL_OK;
}

static int
is_first_of_key(const Switching *s, int t)
{
	int			first = 0;

	while (s->number[first] != s->number[t])
		first++;
	return first == t;
}

static PpdlStatus
fill(Switching *s, PpdlCt *out, PpdlError *err)
{
	const size_t bytes = s->ev->par->n * sizeof(uint64_t);

	memset(out->b, 0, bytes);
	memset(out->a, 0, bytes);
	out->scale = s->in[0].ct.scale;
	out->noise = out->bound = 0;
	for (int t = 0; t < s->count; t++)
	{
		out->noise = fmax(out->noise, s->in[t].ct.noise);
		out->bound = fmax(out->bound, s->in[t].ct.bound);
	}
	for (int t = 0; t < s->count; t++)
		if (is_first_of_key(s, t))
			PPDL_TRY(add_key(s, out, t, err));
	return PPDL_OK;
}

static PpdlStatus
describe(const Switching *s, PpdlPacked *out, PpdlError *err)
{
	const size_t each = s->in[0].ct.par->n >> s->in[0].logk,
				places = each << s->log_stride;

	out->ordinal = malloc(places * sizeof(uint32_t));
	if (out->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(out->ordinal, 0xFF, places * sizeof(uint32_t));
	out->width = s->in[0].width;
	out->logk = s->in[0].logk;
	memcpy(out->fingerprint, s->keys->owner, PPDL_FINGERPRINT_BYTES);
	for (int t = 0; t < s->count; t++)
	{
		memcpy(out->ordinal + (size_t) t * each, s->in[t].ordinal, each * sizeof(uint32_t));
		out->rows += s->in[t].rows;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_packed_switch(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, const PpdlPacked *in, uint32_t count,
				   PpdlError *err)
{
	Switching	s = {.ev = ev, .keys = &col->keys, .in = in};
	PpdlStatus	status;

	s.count = count < PPDL_PACKED_BATCHES ? (int) count : PPDL_PACKED_BATCHES;
	memset(out, 0, sizeof(*out));
	PPDL_GOTO(done, set_up(&s, err));
	PPDL_GOTO(done, ppdl_ct_alloc(ev, &out->ct, 1, err));
	PPDL_GOTO(done, fill(&s, &out->ct, err));
	status = describe(&s, out, err);
done:
	ppdl_pool_put(ev->pool, s.half);
	ppdl_pool_put(ev->pool, s.b);
	ppdl_pool_put(ev->pool, s.a);
	if (status != PPDL_OK)
		ppdl_packed_release(ev, out);
	return status;
}
