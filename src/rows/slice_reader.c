#include "rows/slice_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ring/vec.h"
#include "rows/decrypt_impl.h"
#include "rows/residues.h"

typedef struct Batch
{
	uint8_t		seed[PPDL_SEED_BYTES];
	uint64_t   *a_times_s;		/* A*s mod q0, coefficients; NULL: free */
} Batch;

struct PpdlSliceReader
{
	const PpdlSecret *sk;
	Batch		batch[PPDL_SLICE_READER_BATCHES];
	int			next;			/* the one to replace */
	uint64_t   *residue;		/* N */
};

PpdlStatus
ppdl_slice_reader_create(PpdlSliceReader **out, const PpdlSecret *sk, PpdlError *err)
{
	PpdlSliceReader *r = calloc(1, sizeof(*r));

	*out = r;
	if (r == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	r->sk = sk;
	r->residue = ppdl_alloc_aligned(sk->par->n * sizeof(uint64_t));
	if (r->residue != NULL)
		return PPDL_OK;
	ppdl_slice_reader_destroy(r);
	*out = NULL;
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

void
ppdl_slice_reader_destroy(PpdlSliceReader *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < PPDL_SLICE_READER_BATCHES; i++)
		ppdl_free_secret(r->batch[i].a_times_s, r->sk->par->n * sizeof(uint64_t));
	ppdl_free_secret(r->residue, r->sk->par->n * sizeof(uint64_t));
	free(r);
}

static PpdlStatus
compute_carrier(const PpdlSecret *sk, Batch *b, const uint8_t *seed, PpdlError *err)
{
	const PpdlRing *ring = sk->par->ring;
	const PpdlModulus *q0 = &ring->mod[0];

	if (b->a_times_s == NULL)
		b->a_times_s = ppdl_alloc_aligned(ring->n * sizeof(uint64_t));
	if (b->a_times_s == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(b->seed, 0, sizeof(b->seed));
	PPDL_TRY(ppdl_xof_uniform(q0, b->a_times_s, ring->n, seed, PPDL_XOF_ROW_A, 0, err));
	ppdl_vec_mul(q0, b->a_times_s, b->a_times_s, ppdl_climb(ring, sk->ntt, 0), ring->n);
	ppdl_intt(ring, q0, b->a_times_s);
	memcpy(b->seed, seed, sizeof(b->seed));
	return PPDL_OK;
}

static PpdlStatus
find_carrier(PpdlSliceReader *r, const uint8_t *seed, const uint64_t **out, PpdlError *err)
{
	Batch	   *b;

	for (int i = 0; i < PPDL_SLICE_READER_BATCHES; i++)
	{
		b = &r->batch[i];
		if (b->a_times_s != NULL && memcmp(b->seed, seed, sizeof(b->seed)) == 0)
		{
			*out = b->a_times_s;
			return PPDL_OK;
		}
	}
	b = &r->batch[r->next];
	r->next = (r->next + 1) % PPDL_SLICE_READER_BATCHES;
	PPDL_TRY(compute_carrier(r->sk, b, seed, err));
	*out = b->a_times_s;
	return PPDL_OK;
}

/* a residue as the number in [-q/2, q/2) that it stands for; no branch on it */
static double
centred(const PpdlModulus *m, uint64_t v)
{
	int64_t		upper = -(int64_t) (v > m->q / 2);

	return (double) ((int64_t) v - (upper & (int64_t) m->q));
}

PpdlStatus
ppdl_slice_reader_decrypt(PpdlSliceReader *r, PpdlValues *out, const PpdlCipher *c, PpdlError *err)
{
	const PpdlModulus *q0 = &c->par->ring->mod[0];
	const size_t k = (size_t) 1 << c->logk,
				stride = c->par->n >> c->logk;
	const uint64_t *a_times_s;
	PpdlObserved o = {0};
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	if (c->kind != PPDL_KIND_SLICE || c->par != r->sk->par)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "not a row of ring %s as its owner wrote it", r->sk->par->name);
	PPDL_TRY(ppdl_residues_get(q0, r->residue, c->residues, k, err));
	PPDL_TRY(find_carrier(r, c->seed, &a_times_s, err));
	out->kind = c->kind;
	out->nrows = out->held = 1;
	out->width = c->width;
	PPDL_TRY(ppdl_values_alloc(out, err));
	a_times_s += c->pos * (stride >> c->logc);
	for (size_t f = 0; f < k; f++)
	{
		double		v = centred(q0, ppdl_mod_add(q0, r->residue[f], a_times_s[f * stride])) / c->scale;

		if (f < (size_t) c->width)
			out->v[f] = v;
		else
			ppdl_observe(&o, v);
	}
	status = ppdl_values_judge(out, c, &o, err);
	if (status != PPDL_OK)
		ppdl_values_free(out);
	return status;
}
