#include "ring/rns.h"

#include <stdlib.h>
#include <string.h>

#include "ring/kernels.h"
#include "ring/vec.h"

/*
 * x = sum_i y_i * (D/d_i) - v * D with y_i = x_i * (D/d_i)^-1 mod d_i and
 * v = round(sum_i y_i/d_i).  The fractions are summed in units of 2^-51:
 * floor(y * c / 2^b) for c = floor(2^(51+b) / d), b the bits of d, is short of
 * 2^51 * y/d by less than 2, so 48 of them by less than 2^-44.
 */
#define FRACTION_BITS 51

typedef struct Source
{
	int			index;
	uint64_t	w,				/* (D/d_i)^-1 mod d_i */
				wq,
				sum,			/* the same in the last stage of the inverse: w/N and w*w[1]/N */
				sumq,
				diff,
				diffq,
				c;
} Source;

typedef struct Target
{
	int			index;
	uint64_t	k[PPDL_MAX_CONV + 1];	/* D/d_i mod p_j, and last -D mod p_j */
} Target;

struct PpdlBaseConv
{
	const PpdlRing *ring;
	int			nsrc,
				ndst;
	Source	   *src;
	Target	   *dst;
};

/* product of the source primes but number `but` (-1: of all) */
static uint64_t
product_mod(const PpdlModulus *m, const PpdlRing *ring, const int *src, int nsrc, int but)
{
	uint64_t	r = 1;

	for (int i = 0; i < nsrc; i++)
		if (i != but)
			r = ppdl_mod_mul(m, r, ppdl_mod_from_u64(m, ring->mod[src[i]].q));
	return r;
}

static PpdlStatus
check_bases(const PpdlRing *ring, const int *src, int nsrc, const int *dst, int ndst, PpdlError *err)
{
	if (nsrc < 1 || nsrc > PPDL_MAX_CONV || ndst < 1 || ndst > PPDL_MAX_CONV)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "base conversion from %d to %d primes: each must be between 1 and %d",
						  nsrc, ndst, PPDL_MAX_CONV);
	for (int i = 0; i < nsrc + ndst; i++)
	{
		int			index = i < nsrc ? src[i] : dst[i - nsrc];

		if (index < 0 || index >= ring->count)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "base conversion names prime %d of a ring of %d primes", index,
							  ring->count);
		for (int j = 0; j < i; j++)
			if (index == (j < nsrc ? src[j] : dst[j - nsrc]))
				return ppdl_error(err, PPDL_ERR_ARGUMENT, "base conversion names prime %d twice", index);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_baseconv_create(PpdlBaseConv **out, const PpdlRing *ring, const int *src, int nsrc,
					 const int *dst, int ndst, PpdlError *err)
{
	PpdlBaseConv *bc;

	*out = NULL;
	PPDL_TRY(check_bases(ring, src, nsrc, dst, ndst, err));
	bc = calloc(1, sizeof(*bc));
	if (bc != NULL)
	{
		bc->src = calloc((size_t) nsrc, sizeof(Source));
		bc->dst = calloc((size_t) ndst, sizeof(Target));
	}
	if (bc == NULL || bc->src == NULL || bc->dst == NULL)
	{
		ppdl_baseconv_destroy(bc);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	bc->ring = ring;
	bc->nsrc = nsrc;
	bc->ndst = ndst;
	for (int i = 0; i < nsrc; i++)
	{
		const PpdlModulus *m = &ring->mod[src[i]];
		Source	   *s = &bc->src[i];

		s->index = src[i];
		s->w = ppdl_mod_inv(m, product_mod(m, ring, src, nsrc, i));
		s->wq = ppdl_shoup(m, s->w);
		s->sum = ppdl_mod_mul(m, s->w, m->ntt->ninv);
		s->sumq = ppdl_shoup(m, s->sum);
		s->diff = ppdl_mod_mul(m, s->w, m->ntt->wlast);
		s->diffq = ppdl_shoup(m, s->diff);
		s->c = (uint64_t) (((unsigned __int128) 1 << (FRACTION_BITS + m->bits)) / m->q);
	}
	for (int j = 0; j < ndst; j++)
	{
		const PpdlModulus *m = &ring->mod[dst[j]];
		Target	   *t = &bc->dst[j];

		t->index = dst[j];
		for (int i = 0; i < nsrc; i++)
			t->k[i] = product_mod(m, ring, src, nsrc, i);
		t->k[nsrc] = ppdl_mod_neg(m, product_mod(m, ring, src, nsrc, -1));
	}
	*out = bc;
	return PPDL_OK;
}

void
ppdl_baseconv_destroy(PpdlBaseConv *bc)
{
	if (bc == NULL)
		return;
	free(bc->src);
	free(bc->dst);
	free(bc);
}

/* words of one block: the y_i, then v */
static size_t
block_words(const PpdlBaseConv *bc)
{
	return (size_t) (bc->nsrc + 1) * PPDL_CONV_BLOCK;
}

static size_t
block_length(const PpdlBaseConv *bc)
{
	return bc->ring->n < PPDL_CONV_BLOCK ? bc->ring->n : PPDL_CONV_BLOCK;
}

_Static_assert(PPDL_NTT_SPLIT % (PPDL_NTT_PARTS * PPDL_CONV_BLOCK) == 0, "blocks do not reach from part to part");

/* blocks that lie a part of the transform apart, the columns of its first stages, are one column */
int
ppdl_baseconv_columns(const PpdlBaseConv *bc)
{
	return (int) (bc->ring->n / block_length(bc)) / ppdl_ntt_parts(bc->ring);
}

size_t
ppdl_baseconv_words(const PpdlBaseConv *bc)
{
	return bc->ring->n / block_length(bc) * block_words(bc);
}

/* source number i of the column that begins with `block`, `apart` words from one of its blocks to the next */
static void
load_source(const PpdlBaseConv *bc, uint64_t *block, size_t apart, uint64_t *frac, const uint64_t *limb, int i,
			size_t at)
{
	const Source *s = &bc->src[i];
	const PpdlModulus *m = &bc->ring->mod[s->index];
	const PpdlLoad l = {
		.y = block + i * PPDL_CONV_BLOCK, .frac = frac, .apart = apart,
		.sum = s->sum, .sumq = s->sumq, .diff = s->diff, .diffq = s->diffq, .c = s->c
	};

	if (ppdl_ntt_parts(bc->ring) > 1)
		ppdl_kernels()->load_columns(m, &l, limb, at, block_length(bc));
	else
		ppdl_kernels()->conv_in(m, l.y, frac, limb + at, s->w, s->wq, s->c, block_length(bc));
}

/* of the next source, while one is loaded */
static void
fetch_source(const PpdlBaseConv *bc, const uint64_t *block, size_t apart, const uint64_t *limb, int i, size_t at)
{
	const size_t parts = (size_t) ppdl_ntt_parts(bc->ring),
				n = block_length(bc);

	for (size_t p = 0; p < parts; p++)
		for (size_t t = 0; t < n; t += 8)
		{
			__builtin_prefetch(limb + p * (bc->ring->n / parts) + at + t, 0, 2);
			__builtin_prefetch(block + p * apart + i * PPDL_CONV_BLOCK + t, 1, 2);
		}
}

void
ppdl_baseconv_load(const PpdlBaseConv *bc, uint64_t *loaded, const uint64_t *in, int first, int count)
{
	const size_t parts = (size_t) ppdl_ntt_parts(bc->ring),
				n = block_length(bc),
				apart = (size_t) ppdl_baseconv_columns(bc) * block_words(bc);
	uint64_t	frac[PPDL_NTT_PARTS * PPDL_CONV_BLOCK] __attribute__((aligned(64)));

	for (int k = first; k < first + count; k++)
	{
		uint64_t   *block = loaded + (size_t) k * block_words(bc),
				   *v = block + bc->nsrc * PPDL_CONV_BLOCK;

		for (size_t t = 0; t < parts * n; t++)
			frac[t] = UINT64_C(1) << (FRACTION_BITS - 1);
		for (int i = 0; i < bc->nsrc; i++)
		{
			if (i + 1 < bc->nsrc)
				fetch_source(bc, block, apart, ppdl_climb(bc->ring, in, i + 1), i + 1, (size_t) k * n);
			load_source(bc, block, apart, frac, ppdl_climb(bc->ring, in, i), i, (size_t) k * n);
		}
		for (size_t p = 0; p < parts; p++)
			ppdl_kernels()->conv_row(v + p * apart, frac + p * n, FRACTION_BITS, n);
	}
}

void
ppdl_baseconv_targets(const PpdlBaseConv *bc, uint64_t *out, const uint64_t *loaded, int first, int count)
{
	const PpdlKernels *kernels = ppdl_kernels();
	const size_t parts = (size_t) ppdl_ntt_parts(bc->ring),
				stride = bc->ring->n / parts,
				n = block_length(bc),
				words = block_words(bc);
	uint64_t	rows[PPDL_NTT_PARTS * PPDL_CONV_BLOCK] __attribute__((aligned(64)));

	for (size_t at = 0; at < stride; at += n)
		for (int i = 0; i < count; i++)
		{
			const Target *d = &bc->dst[first + i];
			const PpdlModulus *m = &bc->ring->mod[d->index];
			uint64_t   *limb = ppdl_limb(bc->ring, out, i);

			for (size_t p = 0; p < parts; p++)
			{
				const uint64_t *block = loaded + (p * stride + at) / n * words;

				/* a share of the next columns */
				for (size_t k = (size_t) i * 8; k < words; k += (size_t) count * 8)
					__builtin_prefetch(block + words + k, 0, 2);
				kernels->conv_out(m, parts > 1 ? rows + p * n : limb + at, block, d->k, bc->nsrc + 1, n);
			}
			if (parts > 1)
				kernels->ntt_first(m, limb, rows, at, n);
		}
}

typedef struct RescaleJob
{
	const PpdlRing *ring;
	uint64_t   *p;
	uint64_t   *scratch;		/* one limb a task */
	int			last;
	int			tasks;
} RescaleJob;

/* limbs task, task + tasks, ...: (p - centred(p mod q_last)) / q_last */
static void
rescale_limbs(void *arg, int task)
{
	const RescaleJob *job = arg;
	const PpdlRing *ring = job->ring;
	const PpdlModulus *from = &ring->mod[job->last];
	const uint64_t *last = ppdl_climb(ring, job->p, job->last);
	uint64_t   *tmp = ppdl_limb(ring, job->scratch, task);

	for (int i = task; i < job->last; i += job->tasks)
	{
		const PpdlModulus *m = &ring->mod[i];
		uint64_t   *limb = ppdl_limb(ring, job->p, i);

		ppdl_vec_switch_modulus(m, tmp, from, last, ring->n);
		ppdl_ntt(ring, m, tmp);
		ppdl_vec_sub_mul_scalar(m, limb, limb, tmp, ppdl_mod_inv(m, ppdl_mod_from_u64(m, from->q)), ring->n);
	}
}

PpdlStatus
ppdl_rns_rescale(const PpdlRing *ring, uint64_t *p, int limbs, PpdlPool *pool, PpdlThreads *threads, PpdlError *err)
{
	RescaleJob	job = {ring, p, NULL, limbs - 1, ppdl_threads_count(threads)};

	if (limbs < 2 || limbs > ring->count)
		return ppdl_error(err, PPDL_ERR_LEVEL, "cannot rescale a polynomial of %d limbs in a ring of %d primes", limbs,
						  ring->count);
	if (job.tasks > job.last)
		job.tasks = job.last;
	job.scratch = ppdl_pool_get(pool, (size_t) job.tasks * ring->n * sizeof(uint64_t));
	if (job.scratch == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for rescaling");
	ppdl_intt(ring, &ring->mod[job.last], ppdl_limb(ring, p, job.last));
	ppdl_parallel_for(threads, job.tasks, rescale_limbs, &job);
	ppdl_pool_put(pool, job.scratch);
	return PPDL_OK;
}
