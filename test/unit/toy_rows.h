/* Encrypted rows of an insecure row ring and the deep ring that they have a bridge to. */
#ifndef TEST_TOY_ROWS_H
#define TEST_TOY_ROWS_H

#include "deep_fixture.h"

#include "ring/vec.h"
#include "rows/row_set.h"

#define ROW_LOGN 9
#define COMPACT_LOGN 6			/* eight batches are a polynomial of the bridge */
#define DEEP_LOGN 11
#define TOY_WRITERS 5

typedef struct Rows
{
	PpdlParams *par;
	PpdlSecret *sk,
			   *writer[TOY_WRITERS];	/* batch b is writer b mod (writers + 1) - 1's, or the owner's */
	PpdlTrainSet *ts;
	int			n,
				inputs,
				outputs;
	double	   *x,
			   *y;
} Rows;

/* s(X^4) or s(X^32) in the deep ring */
static inline void
make_bridge(Deep *d, const PpdlSecret *row)
{
	int8_t	   *c = calloc(d->f->par->n, 1);

	for (size_t i = 0; i < row->par->n; i++)
		c[d->f->par->n / row->par->n * i] = row->coeff[i];
	OK(ppdl_secret_create_from(&d->bridge, d->f->par, c, &err));
	free(c);
}

/* one batch column: B = -A*s + E + scale*M mod q0 as coefficients; every coefficient encrypted */
static inline uint64_t *
encrypt_poly(Rows *r, Fixture *f, const int64_t *m, const uint8_t *seed, const PpdlSecret *sk)
{
	const PpdlModulus *q0 = &r->par->ring->mod[0];
	const size_t n = r->par->n;
	uint64_t   *b = ppdl_alloc_aligned(n * 8),
			   *a = ppdl_alloc_aligned(n * 8);
	int8_t	   *e = malloc(n);

	OK(ppdl_xof_uniform(q0, a, n, seed, PPDL_XOF_ROW_A, 0, &err));
	ppdl_vec_mul(q0, a, a, sk->ntt, n);
	ppdl_intt(r->par->ring, q0, a);
	OK(ppdl_sample_gaussian(f->rng, e, n, &err));
	for (size_t c = 0; c < n; c++)
		b[c] = ppdl_mod_sub(q0, ppdl_mod_from_i64(q0, m[c] + e[c]), a[c]);
	ppdl_free_aligned(a);
	free(e);
	return b;
}

/*
 * rows in batches of N/k, as the owner would write them; label on the same places; corners: every other row is +-1;
 * BITS: values of even number, and labels, are 0 or 1, value SIGN is +-1
 */
#define BITS 2
#define SIGN 5
/* x, [n * inputs]: the rows, instead; or NULL */
static inline Rows
make_rows_from(Deep *d, int logn, int n, int inputs, int outputs, int corners, int writers, const double *x)
{
	Fixture    *f = d->f;
	PpdlParamsLiteral lit = {.id = PPDL_RING_CUSTOM, .name = "toy-row", .logn = logn, .nq = 1, .np = 2,
		.q = {f->par->ring->mod[0].q}, .p = {f->par->ring->mod[f->par->nq].q, f->par->ring->mod[f->par->nq + 1].q}};
	Rows		r = {.n = n, .inputs = inputs, .outputs = outputs};
	const int	logk = ppdl_log2_width(inputs),
				logk_y = ppdl_log2_width(outputs),
				capacity = 1 << (logn - logk);

	OK(ppdl_params_create(&r.par, &lit, 0, &err));
	OK(ppdl_secret_create(&r.sk, r.par, f->rng, &err));
	for (int i = 0; i < writers; i++)
		OK(ppdl_secret_create(&r.writer[i], r.par, f->rng, &err));
	if (writers == 0)
		make_bridge(d, r.sk);
	r.x = malloc(sizeof(double) * (size_t) (n * inputs));
	r.y = malloc(sizeof(double) * (size_t) (n * outputs));
	for (int i = 0; i < n; i++)
	{
		double		s = 0;

		for (int k = 0; k < inputs; k++)
		{
			double		x = next_real(f);

			r.x[i * inputs + k] = corners == BITS && k % 2 == 0 ? x > 0 :
				(corners && i % 2) || (corners == BITS && k == SIGN) ? copysign(1, x) : x;
			s += r.x[i * inputs + k] * cos(3 * k);
		}
		for (int k = 0; k < outputs; k++)
		{
			r.y[i * outputs + k] = tanh(k % 2 ? -s : s + k);
			if (corners == BITS)
				r.y[i * outputs + k] = r.y[i * outputs + k] > 0;
		}
	}
	if (x != NULL)
		memcpy(r.x, x, sizeof(double) * (size_t) (n * inputs));
	OK(ppdl_trainset_create(&r.ts, &err));
	r.ts->par = r.par;
	r.ts->width_x = inputs;
	r.ts->logk_x = logk;
	r.ts->width_y = outputs;
	r.ts->logk_y = logk_y;
	r.ts->scale = 0x1p30;
	r.ts->rows = (uint64_t) n;
	r.ts->nbatches = (n + capacity - 1) / capacity;
	r.ts->batch = calloc((size_t) r.ts->nbatches, sizeof(PpdlTrainBatch));
	for (int b = 0; b < r.ts->nbatches; b++)
	{
		PpdlTrainBatch *tb = &r.ts->batch[b];
		int64_t    *mx = calloc(r.par->n, 8),
				   *my = calloc(r.par->n, 8);
		uint64_t   *bx,
				   *by;

		tb->ordinal = malloc(sizeof(uint32_t) * (size_t) capacity);
		memset(tb->ordinal, 0xFF, sizeof(uint32_t) * (size_t) capacity);
		OK(ppdl_rng_bytes(f->rng, tb->seed_x, 32, &err));
		OK(ppdl_rng_bytes(f->rng, tb->seed_y, 32, &err));
		for (int i = 0; i < capacity && b * capacity + i < n; i++)
		{
			size_t		pos = ppdl_bitrev((uint32_t) i, logn - logk),
						pos_y = ppdl_bitrev((uint32_t) i << (logk - logk_y), logn - logk_y);

			tb->ordinal[i] = (uint32_t) (b * capacity + i);
			tb->rows++;
			for (int k = 0; k < inputs; k++)
				mx[pos + (size_t) k * (r.par->n >> logk)] = llround(r.x[(b * capacity + i) * inputs + k] * 0x1p30);
			for (int k = 0; k < outputs; k++)
				my[pos_y + (size_t) k * (r.par->n >> logk_y)] = llround(r.y[(b * capacity + i) * outputs + k] * 0x1p30);
		}
		tb->key = b % (writers + 1);
		bx = encrypt_poly(&r, f, mx, tb->seed_x, tb->key ? r.writer[tb->key - 1] : r.sk);
		by = encrypt_poly(&r, f, my, tb->seed_y, tb->key ? r.writer[tb->key - 1] : r.sk);
		/* rows keep their own coefficients only */
		tb->bx = calloc(r.par->n, 8);
		tb->by = calloc(r.par->n, 8);
		for (int i = 0; i < capacity; i++)
			if (tb->ordinal[i] != PPDL_NO_PLACE)
			{
				size_t		pos = ppdl_bitrev((uint32_t) i, logn - logk),
							pos_y = ppdl_bitrev((uint32_t) i << (logk - logk_y), logn - logk_y);

				for (size_t c = pos; c < r.par->n; c += r.par->n >> logk)
					tb->bx[c] = bx[c];
				for (size_t c = pos_y; c < r.par->n; c += r.par->n >> logk_y)
					tb->by[c] = by[c];
			}
		ppdl_free_aligned(bx);
		ppdl_free_aligned(by);
		free(mx);
		free(my);
	}
	return r;
}

static inline Rows
make_rows_of(Deep *d, int logn, int n, int inputs, int outputs, int corners, int writers)
{
	return make_rows_from(d, logn, n, inputs, outputs, corners, writers, NULL);
}

static inline Rows
make_rows_in(Deep *d, int logn, int n, int inputs, int outputs, int corners)
{
	return make_rows_of(d, logn, n, inputs, outputs, corners, 0);
}

/* s(X^stretch) in a larger ring */
static inline PpdlSecret *
stretched(const PpdlSecret *sk, const PpdlParams *par)
{
	int8_t	   *c = calloc(par->n, 1);
	PpdlSecret *out;

	for (size_t i = 0; i < sk->par->n; i++)
		c[par->n / sk->par->n * i] = sk->coeff[i];
	OK(ppdl_secret_create_from(&out, par, c, &err));
	free(c);
	return out;
}

/* the keys of rows that writers wrote among the owner's, and the bridge of the secret that they lead to */
typedef struct WritersKeys
{
	PpdlParams *par;			/* of the row ring */
	PpdlSecret *owner;			/* there */
	PpdlSwitchKey *writer[TOY_WRITERS],
			   *own;			/* of compact rows */
} WritersKeys;

static inline WritersKeys
make_writers_keys(Deep *d, Rows *r)
{
	Fixture    *f = d->f;
	PpdlParamsLiteral lit = {.id = PPDL_RING_CUSTOM, .name = "toy-row", .logn = ROW_LOGN, .nq = 1, .np = 2,
		.q = {f->par->ring->mod[0].q}, .p = {f->par->ring->mod[f->par->nq].q, f->par->ring->mod[f->par->nq + 1].q}};
	const PpdlSwitchKeyForm form = {PPDL_KEY_TO_OWNER, 1, 2};
	const int	compact = r->par->logn != ROW_LOGN;
	WritersKeys k = {0};
	PpdlForeignKey *foreign = calloc(TOY_WRITERS, sizeof(PpdlForeignKey));
	PpdlSecret *from;

	OK(ppdl_params_create(&k.par, &lit, 0, &err));
	if (compact)
		OK(ppdl_secret_create(&k.owner, k.par, f->rng, &err));
	else
		k.owner = stretched(r->sk, k.par);
	r->ts->keys.known = 1;
	r->ts->keys.foreign = foreign;
	for (int i = 0; i < TOY_WRITERS && r->writer[i] != NULL; i++)
	{
		from = stretched(r->writer[i], k.par);
		OK(ppdl_switch_key_create(&k.writer[i], &form, from, k.owner, f->rng, NULL, &err));
		foreign[i] = (PpdlForeignKey) {.hops = 1, .from = {{(uint8_t) (1 + i)}}, .key = {k.writer[i]}};
		r->ts->keys.count = 1 + i;
		ppdl_secret_destroy(from);
	}
	from = stretched(r->sk, k.par);
	OK(ppdl_switch_key_create(&k.own, &form, from, k.owner, f->rng, NULL, &err));
	make_bridge(d, k.owner);
	r->ts->keys.bridge = compact ? k.own : NULL;
	ppdl_secret_destroy(from);
	return k;
}

static inline void
free_writers_keys(WritersKeys *k)
{
	for (int i = 0; i < TOY_WRITERS; i++)
		ppdl_switch_key_destroy(k->writer[i]);
	ppdl_switch_key_destroy(k->own);
	ppdl_secret_destroy(k->owner);
	ppdl_params_destroy(k->par);
}

static inline Rows
make_rows_with(Deep *d, int n, int inputs, int outputs, int corners)
{
	return make_rows_in(d, ROW_LOGN, n, inputs, outputs, corners);
}

static inline Rows
make_rows(Deep *d, int n, int inputs, int outputs)
{
	return make_rows_with(d, n, inputs, outputs, 0);
}

/* rows of another secret take another bridge */
static inline void
forget_bridge(Deep *d)
{
	Fixture    *f = d->f;

	ppdl_secret_destroy(d->bridge);
	d->bridge = NULL;
	for (int i = 0; i < f->nkeys; i++)
		if (f->key[i]->id == PPDL_KEY_BRIDGE || f->key[i]->id == PPDL_KEY_BRIDGE_COMPACT)
		{
			ppdl_switch_key_destroy(f->key[i]);
			f->key[i] = f->key[--f->nkeys];
			return;
		}
}

/* for prediction */
static inline void
drop_labels(Rows *r)
{
	for (int b = 0; b < r->ts->nbatches; b++)
	{
		free(r->ts->batch[b].by);
		r->ts->batch[b].by = NULL;
	}
	r->ts->width_y = 0;
}

static inline void
free_rows(Rows *r)
{
	ppdl_trainset_destroy(r->ts);
	ppdl_secret_destroy(r->sk);
	for (int i = 0; i < TOY_WRITERS; i++)
		ppdl_secret_destroy(r->writer[i]);
	ppdl_params_destroy(r->par);
	free(r->x);
	free(r->y);
}

#endif
