#include "rows/sum_impl.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "rows/arena.h"
#include "rows/cipher_read.h"
#include "rows/encoding.h"
#include "rows/residues.h"

/* open batches are expanded early when they hold more */
#define OPEN_BYTES ((size_t) 32 << 20)
/* ... or are of weights that come to more: they count in 64 bits */
#define OPEN_WEIGHTS 0x1p62

PpdlStatus
ppdl_sum_create(PpdlSum **out, PpdlError *err)
{
	*out = calloc(1, sizeof(PpdlSum));
	return *out == NULL ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static void
clear(PpdlSum *s)
{
	ppdl_sum_detach(s);
	for (int l = 0; l < PPDL_SUM_LIMBS; l++)
		ppdl_free_aligned(s->b[l]);
	ppdl_half_free(&s->half);
	ppdl_open_batches_free(&s->open);
	ppdl_parts_free(&s->closed);
	memset(s, 0, sizeof(*s));
}

/* an empty sum again, of the same arena and poll */
static void
forget(PpdlSum *s)
{
	PpdlSum		empty = {.arena = s->arena, .poll = s->poll};

	clear(s);
	*s = empty;
}

void
ppdl_sum_destroy(PpdlSum *s)
{
	if (s == NULL)
		return;
	clear(s);
	free(s);
}

void
ppdl_sum_set_arena(PpdlSum *s, PpdlArena *arena)
{
	s->arena = arena;
}

void
ppdl_sum_set_poll(PpdlSum *s, const PpdlPoll *poll)
{
	s->poll = poll;
}

uint64_t
ppdl_sum_count(const PpdlSum *s)
{
	return s->count;
}

size_t
ppdl_sum_memory(const PpdlSum *s)
{
	size_t		bytes = sizeof(*s) + s->open.bytes + s->closed.rows.cap;

	if (s->par != NULL)
		bytes += (PPDL_SUM_LIMBS * sizeof(uint64_t)) << s->logk;
	return s->attached ? bytes : bytes + s->half.bytes;
}

/* ------------------------------------------------------------------ shape and bounds */

static PpdlStatus
overflow(const PpdlSum *s, double bound, int limbs, PpdlError *err)
{
	double		max = ppdl_sum_reach(s->par, limbs, s->scale);

	ppdl_error(err, PPDL_ERR_RANGE,
			   "a term of a sum may overflow: it could reach %.6g, and %d limb%s at scale 2^%.4g hold%s %.6g",
			   bound, limbs, limbs == 1 ? "" : "s", log2(s->scale), limbs == 1 ? "s" : "", max);
	return ppdl_error_hint(err, PPDL_ERR_RANGE, "Sum rows encrypted with more limbs or a smaller scale.");
}

/* takes its shape from the first term */
static PpdlStatus
start(PpdlSum *s, const PpdlCipher *c, PpdlError *err)
{
	const size_t k = (size_t) 1 << c->logk;

	for (int l = 0; l < PPDL_SUM_LIMBS && l < c->limbs; l++)
	{
		s->b[l] = ppdl_alloc_aligned(k * sizeof(uint64_t));
		if (s->b[l] == NULL)
		{
			forget(s);
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		}
		memset(s->b[l], 0, k * sizeof(uint64_t));
		ppdl_unpack_plan(&s->plan[l], k, c->par->ring->mod[l].bits);
	}
	s->par = c->par;
	memcpy(s->fingerprint, c->fingerprint, PPDL_FINGERPRINT_BYTES);
	s->width = c->width;
	s->logk = c->logk;
	s->scale = c->scale;
	s->limbs = c->limbs < PPDL_SUM_LIMBS ? c->limbs : PPDL_SUM_LIMBS;
	s->max_bound = ppdl_sum_reach(s->par, s->limbs, s->scale);
	s->half.par = s->par;
	s->half.logk = s->logk;
	s->half.limbs = s->limbs;
	return PPDL_OK;
}

static int
fewer_limbs(const PpdlSum *s, int limbs)
{
	return limbs < s->limbs ? limbs : s->limbs;
}

/* whether the open part has room for a term of `limbs` limbs that adds `bound` */
static int
has_room(const PpdlSum *s, int limbs, double bound)
{
	return s->bound + bound <= ppdl_sum_reach(s->par, fewer_limbs(s, limbs), s->scale);
}

static void
cut_limbs(PpdlSum *s, int limbs)
{
	s->limbs = s->half.limbs = fewer_limbs(s, limbs);
	s->max_bound = ppdl_sum_reach(s->par, s->limbs, s->scale);
}

/* ------------------------------------------------------------------ the two halves */

/* b += the k residues of each limb at src */
static inline void
add_b(PpdlSum *s, const uint8_t *src)
{
	for (int l = 0; l < s->limbs; l++)
	{
		ppdl_unpack_add(&s->plan[l], s->b[l], src);
		src += s->plan[l].bytes;
	}
	if (++s->lazy == PPDL_LAZY_ADDS)
		ppdl_sum_reduce(s);
}

/* what the open batches come to, limbs * N */
static PpdlStatus
expand_open(const PpdlSum *s, uint64_t **out, double *squares, PpdlError *err)
{
	const size_t bytes = (size_t) s->limbs * s->par->n * sizeof(uint64_t);
	PpdlStatus	status;

	*out = ppdl_alloc_aligned(bytes);
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(*out, 0, bytes);
	PPDL_GOTO(fail, ppdl_open_batches_squares(&s->open, squares, err));
	PPDL_GOTO(fail, ppdl_open_batches_expand(&s->open, s->par, s->logk, *out, s->limbs, s->poll, err));
	return PPDL_OK;
fail:
	ppdl_free_aligned(*out);
	return status;
}

/* moves the open batches into a; nothing changes on error */
static PpdlStatus
flush(PpdlSum *s, PpdlError *err)
{
	const PpdlRing *ring;
	PpdlStatus	status;
	uint64_t   *sum;
	double		squares;

	if (s->open.used == 0)
		return PPDL_OK;
	ring = s->par->ring;
	PPDL_TRY(expand_open(s, &sum, &squares, err));
	status = ppdl_half_need(&s->half, &s->half.a, err);
	if (status == PPDL_OK)
		for (int l = 0; l < s->limbs; l++)
			ppdl_vec_add(&ring->mod[l], ppdl_limb(ring, s->half.a, l), ppdl_limb(ring, s->half.a, l),
						 ppdl_limb(ring, sum, l), ring->n);
	ppdl_free_aligned(sum);
	if (status != PPDL_OK)
		return status;
	s->half.noise += sqrt(PPDL_SIGMA * PPDL_SIGMA * squares);
	ppdl_open_batches_free(&s->open);
	s->weights = 0;
	s->batch = NULL;
	return PPDL_OK;
}

/* makes room for weights that come to so much more; the sum comes to the same on error */
static PpdlStatus
admit_weights(PpdlSum *s, double weights, PpdlError *err)
{
	return s->weights + weights > OPEN_WEIGHTS ? flush(s, err) : PPDL_OK;
}

/* moves what waits in the arena into a */
static PpdlStatus
collect(PpdlSum *s, PpdlError *err)
{
	if (s->attached)
		PPDL_TRY(ppdl_arena_expand(s->arena, s->number, NULL, err));
	return ppdl_half_join(&s->half, err);
}

/* a slice's position to the arena */
static PpdlStatus
add_waiting(PpdlSum *s, const uint64_t seed[4], int logc, uint32_t pos, PpdlError *err)
{
	if (!s->attached)
	{
		PPDL_TRY(ppdl_arena_attach(s->arena, &s->half, &s->number, err));
		s->attached = 1;
	}
	return ppdl_arena_add(s->arena, s->number, seed, logc, pos, err);
}

static PpdlStatus
enter_batch(PpdlSum *s, const uint8_t *seed, int logc, PpdlError *err)
{
	uint64_t	words[4];

	if (s->open.bytes > OPEN_BYTES)
		PPDL_TRY(flush(s, err));
	memcpy(words, seed, sizeof(words));
	s->batch = ppdl_open_batch_find(&s->open, words, logc);
	return s->batch == NULL ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

/* makes room for a term of `limbs` limbs that adds `bound`; the sum comes to the same on error */
static PpdlStatus
admit(PpdlSum *s, int limbs, double bound, PpdlError *err)
{
	if (!has_room(s, limbs, bound))
	{
		if (!(bound <= ppdl_sum_reach(s->par, fewer_limbs(s, limbs), s->scale)))
			return overflow(s, bound, fewer_limbs(s, limbs), err);
		PPDL_TRY(ppdl_sum_close_part(s, err));
	}
	cut_limbs(s, limbs);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ adding */

/* b[l] += weight * v, v reduced */
static void
add_weighted(PpdlSum *s, int l, const uint64_t *v, uint64_t w)
{
	const PpdlModulus *m = &s->par->ring->mod[l];

	for (size_t f = 0; f < (size_t) 1 << s->logk; f++)
		s->b[l][f] = ppdl_mod_add(m, s->b[l][f], ppdl_mod_mul(m, v[f], w));
}

static PpdlStatus
add_slice_weighted(PpdlSum *s, const PpdlCipher *c, int64_t weight, PpdlError *err)
{
	const size_t k = (size_t) 1 << c->logk;
	const uint8_t *src = c->residues;
	PpdlStatus	status = PPDL_OK;
	uint64_t   *v = malloc(PPDL_SUM_LIMBS * k * sizeof(uint64_t));

	if (v == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int l = 0; l < s->limbs && status == PPDL_OK; l++)
	{
		status = ppdl_residues_get(&s->par->ring->mod[l], v + (size_t) l * k, src, k, err);
		src += s->plan[l].bytes;
	}
	if (status == PPDL_OK && !ppdl_open_batch_add_slow(&s->open, s->batch, c->pos, weight))
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_OK)
	{
		s->weights += fabs((double) weight);
		ppdl_sum_reduce(s);
		for (int l = 0; l < s->limbs; l++)
			add_weighted(s, l, v + (size_t) l * k, ppdl_mod_from_i64(&s->par->ring->mod[l], weight));
	}
	free(v);
	return status;
}

static PpdlStatus
add_slice(PpdlSum *s, const PpdlCipher *c, int64_t weight, PpdlError *err)
{
	if (weight == 1 && s->arena != NULL)
	{
		uint64_t	seed[4];

		memcpy(seed, c->seed, sizeof(seed));
		PPDL_TRY(add_waiting(s, seed, c->logc, c->pos, err));
		add_b(s, c->residues);
		return PPDL_OK;
	}
	if (weight != 1)
		PPDL_TRY(admit_weights(s, fabs((double) weight), err));
	PPDL_TRY(enter_batch(s, c->seed, c->logc, err));
	if (weight != 1)
		return add_slice_weighted(s, c, weight, err);
	if (!ppdl_open_batch_add(&s->open, s->batch, c->pos))
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	add_b(s, c->residues);
	return PPDL_OK;
}

/* the residues of an explicit row's lowest limbs: k of b, then N of a, limb by limb */
static PpdlStatus
read_row(const PpdlCipher *c, int limbs, uint64_t *v, PpdlError *err)
{
	const size_t n[2] = {(size_t) 1 << c->logk, c->par->n};
	const uint8_t *src = c->residues;

	for (int l = 0; l < limbs; l++)
		for (int half = 0; half < 2; half++)
		{
			const PpdlModulus *m = &c->par->ring->mod[l];

			PPDL_TRY(ppdl_residues_get(m, v, src, n[half], err));
			src += ppdl_packed_size(n[half], m->bits);
			v += n[half];
		}
	return PPDL_OK;
}

static PpdlStatus
add_row(PpdlSum *s, const PpdlCipher *c, int64_t weight, PpdlError *err)
{
	const size_t k = (size_t) 1 << s->logk,
				n = s->par->n;
	PpdlStatus	status;
	uint64_t   *v = ppdl_alloc_aligned((size_t) s->limbs * (k + n) * sizeof(uint64_t)),
			   *at = v;

	if (v == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(done, read_row(c, s->limbs, v, err));
	PPDL_GOTO(done, ppdl_half_need(&s->half, &s->half.a, err));
	ppdl_sum_reduce(s);
	for (int l = 0; l < s->limbs; l++, at += k + n)
	{
		const PpdlModulus *m = &s->par->ring->mod[l];
		uint64_t	w = ppdl_mod_from_i64(m, weight);

		add_weighted(s, l, at, w);
		memmove(v, at + k, n * sizeof(uint64_t));	/* aligned; behind what is still to come */
		ppdl_vec_mul_scalar_add(m, ppdl_limb(s->par->ring, s->half.a, l), v, w, n);
	}
	s->half.noise += c->noise * fabs((double) weight);
done:
	ppdl_free_aligned(v);
	return status;
}

/* the bytes by which the fast path knows the next slice of this kind */
static void
remember(PpdlSum *s, const void *buf, size_t len)
{
	memcpy(s->head, buf, sizeof(s->head));
	s->tagged = ((const uint8_t *) buf)[PPDL_CIPHER_HEADER] & PPDL_SLICE_TAGGED;
	s->slice_len = len;
}

/* a row that is a part by itself: the open part has no room for it, and is smaller, or of too few limbs for any such */
static int
is_part(const PpdlSum *s, const PpdlCipher *c, int64_t weight)
{
	return c->kind == PPDL_KIND_ROW && weight == 1 && c->limbs <= PPDL_SUM_LIMBS && !has_room(s, c->limbs, c->bound) &&
		(c->bound > s->bound || c->bound > ppdl_sum_reach(s->par, fewer_limbs(s, c->limbs), s->scale)) &&
		c->bound <= ppdl_sum_reach(s->par, c->limbs, s->scale);
}

/* the residues of a closed part are read when it is decrypted, and by nobody before */
static PpdlStatus
check_residues(const PpdlCipher *c, PpdlError *err)
{
	const size_t n = c->par->n > (size_t) 1 << c->logk ? c->par->n : (size_t) 1 << c->logk;
	uint64_t   *v = ppdl_alloc_aligned((size_t) c->limbs * (n + ((size_t) 1 << c->logk)) * sizeof(uint64_t));
	PpdlStatus	status;

	if (v == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = read_row(c, c->limbs, v, err);
	ppdl_free_aligned(v);
	return status;
}

static PpdlStatus
add_term(PpdlSum *s, const PpdlCipher *c, int64_t weight, PpdlError *err)
{
	const double bound = fabs((double) weight) * c->bound;

	if (is_part(s, c, weight))
	{
		PpdlCipher	row = *c;

		PPDL_TRY(check_residues(c, err));
		row.scale = s->scale;
		row.encoding = s->encoding;
		return ppdl_parts_add(&s->closed, &row, err);
	}
	PPDL_TRY(admit(s, c->limbs, bound, err));
	if (c->kind == PPDL_KIND_SLICE)
		PPDL_TRY(add_slice(s, c, weight, err));
	else
		PPDL_TRY(add_row(s, c, weight, err));
	s->bound += bound;
	s->open_part = 1;
	return PPDL_OK;
}

/* whether c can be a term; the first one gives the sum its shape */
static PpdlStatus
check_term(PpdlSum *s, const PpdlCipher *c, PpdlError *err)
{
	PpdlCipher	mine = ppdl_sum_shape(s);

	if (s->par == NULL)
		PPDL_TRY(start(s, c, err));
	else
		PPDL_TRY(ppdl_cipher_check_same(&mine, c, "sum", err));
	return ppdl_encoding_join_cipher(&s->encoding, c, "sum", err);
}

/* the parts of one value; a part that is refused is refused before the first is added */
static PpdlStatus
add_parts(PpdlSum *s, const PpdlCipher *c, int64_t weight, PpdlError *err)
{
	PpdlCipher	part;

	for (int check = 1; check >= 0; check--)
	{
		PpdlReader	parts = ppdl_reader(c->residues, c->residue_bytes);

		for (uint32_t i = 0; i < c->nparts; i++)
		{
			PPDL_TRY(ppdl_cipher_next_part(&part, NULL, &parts, c, err));
			PPDL_TRY(check ? check_term(s, &part, err) : add_term(s, &part, weight, err));
		}
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_sum_add(PpdlSum *s, const PpdlCipher *c, int64_t weight, PpdlError *err)
{
	if (c->kind == PPDL_KIND_PACKED)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "packed values cannot be summed");
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Sum the rows themselves.");
	}
	s->slice_len = 0;
	if (c->kind == PPDL_KIND_PARTS)
		PPDL_TRY(add_parts(s, c, weight, err));
	else
	{
		PPDL_TRY(check_term(s, c, err));
		PPDL_TRY(add_term(s, c, weight, err));
	}
	s->count++;
	return PPDL_OK;
}

/* a sum of rows of one limb has little room for weights' digits */
double
ppdl_sum_weight_unit(const PpdlCipher *c)
{
	return c->limbs > 1 ? 0x1p20 : 0x1p10;
}

/*
 * A number of [0, 1) that belongs to a row, its weight and the number of the term, and is chance to everything else:
 * residues are uniform.
 */
static double
term_chance(const PpdlCipher *c, double weight, uint64_t term)
{
	uint64_t	x = 0,
				w;

	memcpy(&x, c->residues, c->residue_bytes < sizeof(x) ? c->residue_bytes : sizeof(x));
	memcpy(&w, &weight, sizeof(w));
	x += (w ^ term) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);	/* splitmix64 */
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return ldexp((double) ((x ^ x >> 31) >> 11), -53);
}

/*
 * Weights are rounded up as often as their digits beyond the last say, which of the terms by chance: rounded to the
 * nearest, the errors of many rows of one weight, or of one row that comes many times, would add up.
 */
PpdlStatus
ppdl_sum_add_weighted(PpdlSum *s, const PpdlCipher *c, double weight, PpdlError *err)
{
	const double unit = ppdl_sum_weight_unit(c),
				below = floor(weight * unit),
				share = weight * unit - below;
	PpdlCipher	finer = *c;

	if (c->kind == PPDL_KIND_PARTS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "values in parts cannot be summed with weights");
	if (!(fabs(weight) <= 0x1p30))
		return ppdl_error(err, PPDL_ERR_RANGE, "%g as the weight of a row: at most 2^30 in absolute value", weight);
	finer.scale *= unit;
	finer.bound /= unit;
	PPDL_TRY(ppdl_sum_add(s, &finer, (int64_t) below + (share > term_chance(c, weight, s->count)), err));
	s->rounding += share * (1 - share) * c->bound * c->scale * c->bound * c->scale;
	return PPDL_OK;
}

static inline int
add_open(PpdlSum *s, const uint8_t *bytes, const uint64_t seed[4], int logc, uint32_t pos)
{
	const PpdlOpenBatch *b = s->batch;

	if ((b == NULL || b->logc != logc ||
		 ((seed[0] ^ b->seed[0]) | (seed[1] ^ b->seed[1]) | (seed[2] ^ b->seed[2]) | (seed[3] ^ b->seed[3])) != 0) &&
		(s->open.bytes > OPEN_BYTES || enter_batch(s, bytes, logc, NULL) != PPDL_OK))
		return 0;
	return ppdl_open_batch_add(&s->open, s->batch, pos);
}

/*
 * A slice whose first 24 bytes are those of the last one: what may differ is batch,
 * position and residues.  1 = added, 0 = take the slow path, which also raises errors.
 */
static inline int
add_alike(PpdlSum *s, const uint8_t *p)
{
	uint64_t	head[3],
				seed[4];
	unsigned	logc = p[24] ^ s->tagged;	/* 128 and more where one has tags and the other none */
	uint32_t	pos = (uint32_t) p[26] | (uint32_t) p[27] << 8;

	memcpy(head, p, sizeof(head));
	memcpy(seed, p + 28, sizeof(seed));
	if (((head[0] ^ s->head[0]) | (head[1] ^ s->head[1]) | (head[2] ^ s->head[2])) != 0 ||
		p[25] != s->logk || logc + (unsigned) s->logk > (unsigned) s->par->logn || pos >> logc != 0 ||
		s->bound + 1 > s->max_bound || ppdl_encoding_join_seed(&s->encoding, p + 28, "sum", NULL) != PPDL_OK)
		return 0;
	if (s->attached)
	{
		if (ppdl_arena_add(s->arena, s->number, seed, (int) logc, pos, NULL) != PPDL_OK)
			return 0;
	}
	else if (s->arena != NULL || !add_open(s, p + 28, seed, (int) logc, pos))
		return 0;
	add_b(s, p + 60);
	s->bound += 1;
	s->open_part = 1;
	s->count++;
	return 1;
}

PpdlStatus
ppdl_sum_add_bytes(PpdlSum *s, const void *buf, size_t len, PpdlError *err)
{
	PpdlCipher	c;

	if (len == s->slice_len && add_alike(s, buf))
		return PPDL_OK;
	PPDL_TRY(ppdl_cipher_parse(&c, buf, len, err));
	PPDL_TRY(ppdl_sum_add(s, &c, 1, err));
	if (c.kind == PPDL_KIND_SLICE)
		remember(s, buf, len);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ merging */

/* the open parts; that of into has room for the other */
static PpdlStatus
merge_open(PpdlSum *into, PpdlSum *from, PpdlError *err)
{
	const PpdlRing *ring = into->par->ring;

	cut_limbs(into, from->limbs);
	PPDL_TRY(admit_weights(into, from->weights, err));
	if (!ppdl_open_batches_merge(&into->open, &from->open))
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ppdl_sum_reduce(into);
	ppdl_sum_reduce(from);
	if (from->half.a != NULL)
		PPDL_TRY(ppdl_half_need(&into->half, &into->half.a, err));
	for (int l = 0; l < into->limbs; l++)
	{
		const PpdlModulus *m = &ring->mod[l];

		for (size_t f = 0; f < (size_t) 1 << into->logk; f++)
			into->b[l][f] = ppdl_mod_add(m, into->b[l][f], from->b[l][f]);
		if (from->half.a != NULL)
			ppdl_vec_add(m, ppdl_limb(ring, into->half.a, l), ppdl_limb(ring, into->half.a, l),
						 ppdl_limb(ring, from->half.a, l), ring->n);
	}
	into->bound += from->bound;
	into->half.noise += from->half.noise;
	into->weights += from->weights;
	into->rounding += from->rounding;
	into->open_part |= from->open_part;
	return into->open.bytes > OPEN_BYTES ? flush(into, err) : PPDL_OK;
}

/* the closed parts of from are into's as well */
static PpdlStatus
merge_closed(PpdlSum *into, const PpdlSum *from, PpdlError *err)
{
	PpdlReader	parts = ppdl_reader(from->closed.rows.buf, from->closed.rows.len);
	const PpdlCipher like = ppdl_sum_shape(from);
	PpdlCipher	part;

	for (uint32_t i = 0; i < from->closed.count; i++)
	{
		PPDL_TRY(ppdl_cipher_next_part(&part, NULL, &parts, &like, err));
		part.encoding = into->encoding;
		PPDL_TRY(ppdl_parts_add(&into->closed, &part, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_sum_merge(PpdlSum *into, PpdlSum *from, PpdlError *err)
{
	PpdlCipher	mine,
				other;

	if (from->count == 0)
		return PPDL_OK;
	if (from->arena != NULL)
		PPDL_TRY(collect(from, err));
	ppdl_sum_detach(from);
	if (into->count == 0)
	{
		PpdlSum		empty;

		ppdl_sum_detach(into);
		empty = *into;
		*into = *from;
		*from = empty;
		from->arena = into->arena;
		into->arena = empty.arena;
		return PPDL_OK;
	}
	mine = ppdl_sum_shape(into);
	other = ppdl_sum_shape(from);
	PPDL_TRY(ppdl_cipher_check_same(&mine, &other, "sum", err));
	PPDL_TRY(ppdl_encoding_join(&into->encoding, from->encoding, "sum", err));
	if (from->count > UINT64_MAX - into->count)
		return ppdl_error(err, PPDL_ERR_RANGE, "sum of too many terms");
	into->slice_len = 0;
	/* of two that do not fit together the larger is closed, so that closed parts are at least half full */
	if (!has_room(into, from->limbs, from->bound))
		PPDL_TRY(ppdl_sum_close_part(from->bound > into->bound ? from : into, err));
	if (from->open_part)
		PPDL_TRY(has_room(into, from->limbs, from->bound) ? merge_open(into, from, err) :
				 ppdl_sum_close_part(from, err));
	PPDL_TRY(merge_closed(into, from, err));
	into->count += from->count;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ states */

static PpdlStatus
load(PpdlSum *s, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32_t	magic = ppdl_read_u32(&r);
	uint64_t	count = ppdl_read_u64(&r);
	PpdlCipher	c;

	if (r.bad || (magic != PPDL_SUM_MAGIC && magic != PPDL_SUM_MAGIC_PARTS))
		return ppdl_error(err, PPDL_ERR_FORMAT, "not the state of a sum");
	if ((count == 0) != (ppdl_reader_left(&r) == 0))
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of a sum of %llu terms with %zu bytes of row",
						  (unsigned long long) count, ppdl_reader_left(&r));
	if (count == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_cipher_validate(r.p, ppdl_reader_left(&r), err));
	PPDL_TRY(ppdl_cipher_parse(&c, r.p, ppdl_reader_left(&r), err));
	if (c.kind != (magic == PPDL_SUM_MAGIC ? PPDL_KIND_ROW : PPDL_KIND_PARTS) || c.limbs > PPDL_SUM_LIMBS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of a sum that holds no row of 1 or %d limbs", PPDL_SUM_LIMBS);
	PPDL_TRY(ppdl_sum_add(s, &c, 1, err));
	s->count = count;
	return PPDL_OK;
}

PpdlStatus
ppdl_sum_load(PpdlSum **out, const void *buf, size_t len, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_sum_create(out, err));
	status = load(*out, buf, len, err);
	if (status != PPDL_OK)
	{
		ppdl_sum_destroy(*out);
		*out = NULL;
	}
	return status;
}
