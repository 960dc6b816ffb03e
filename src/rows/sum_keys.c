#include "rows/sum_keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rows/cipher_read.h"
#include "rows/combine.h"
#include "rows/sum_impl.h"
#include "rows/switch.h"

#define MAGIC 0x4B4D5553u		/* "SUMK": count of keys, and of each its length (u64) and what ppdl_sum_save wrote */
#define AT_FINGERPRINT 8		/* in the common header */

struct PpdlKeySums
{
	PpdlWriterOf writer_of;
	void	   *arg;
	const PpdlPoll *poll;
	PpdlArena  *arena;
	PpdlSum    *last;			/* which the last row went to, NULL: none */
	uint8_t		last_key[PPDL_FINGERPRINT_BYTES];
	PpdlSum   **sum;			/* each has a term */
	int			keys,
				cap;
};

PpdlStatus
ppdl_key_way(PpdlKeyWay *way, PpdlWriterOf writer_of, void *arg, const uint8_t key[8], PpdlError *err)
{
	char		hex[17];

	memcpy(way->key[0], key, PPDL_FINGERPRINT_BYTES);
	for (way->hops = 0; way->hops < PPDL_MAX_CHAIN; way->hops++)
	{
		const uint8_t *at = way->key[way->hops];
		uint8_t    *next = way->key[way->hops + 1];

		memcpy(next, at, PPDL_FINGERPRINT_BYTES);
		if (writer_of != NULL)
			PPDL_TRY(writer_of(arg, at, next, err));
		if (memcmp(next, at, PPDL_FINGERPRINT_BYTES) == 0)
			return PPDL_OK;
	}
	ppdl_fingerprint_hex(hex, key);
	return ppdl_error(err, PPDL_ERR_KEY, "key %s writes for keys that write for it", hex);
}

PpdlStatus
ppdl_key_root(PpdlWriterOf writer_of, void *arg, const uint8_t key[8], uint8_t owner[8], PpdlError *err)
{
	PpdlKeyWay	way;

	PPDL_TRY(ppdl_key_way(&way, writer_of, arg, key, err));
	memcpy(owner, ppdl_key_way_owner(&way), PPDL_FINGERPRINT_BYTES);
	return PPDL_OK;
}

PpdlStatus
ppdl_key_sums_create(PpdlKeySums **out, PpdlWriterOf writer_of, void *arg, PpdlError *err)
{
	PpdlKeySums *s = calloc(1, sizeof(*s));

	*out = s;
	if (s == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	s->writer_of = writer_of;
	s->arg = arg;
	return PPDL_OK;
}

void
ppdl_key_sums_destroy(PpdlKeySums *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < s->keys; i++)
		ppdl_sum_destroy(s->sum[i]);
	free(s->sum);
	free(s);
}

void
ppdl_key_sums_set_poll(PpdlKeySums *s, const PpdlPoll *poll)
{
	s->poll = poll;
	for (int i = 0; i < s->keys; i++)
		ppdl_sum_set_poll(s->sum[i], poll);
}

void
ppdl_key_sums_set_arena(PpdlKeySums *s, PpdlArena *arena)
{
	s->arena = arena;
}

uint64_t
ppdl_key_sums_count(const PpdlKeySums *s)
{
	uint64_t	count = 0;

	for (int i = 0; i < s->keys; i++)
		count += ppdl_sum_count(s->sum[i]);
	return count;
}

size_t
ppdl_key_sums_memory(const PpdlKeySums *s)
{
	size_t		bytes = sizeof(*s) + (size_t) s->cap * sizeof(s->sum[0]);

	for (int i = 0; i < s->keys; i++)
		bytes += ppdl_sum_memory(s->sum[i]);
	return bytes;
}

PpdlSum *
ppdl_key_sums_single(const PpdlKeySums *s)
{
	return s->keys == 1 ? s->sum[0] : NULL;
}

/* ------------------------------------------------------------------ keys */

static PpdlStatus
root_of(const PpdlKeySums *s, const uint8_t *key, uint8_t *owner, PpdlError *err)
{
	return ppdl_key_root(s->writer_of, s->arg, key, owner, err);
}

/* of a key that is not the first: rows of the same ring, width and scale, and of the same owner */
static PpdlStatus
check_key(const PpdlKeySums *s, const PpdlCipher *c, PpdlError *err)
{
	PpdlCipher	first = ppdl_sum_shape(s->sum[0]),
				alike = *c;
	uint8_t		owner[PPDL_FINGERPRINT_BYTES],
				other[PPDL_FINGERPRINT_BYTES];
	char		mine[17],
				theirs[17];

	if (s->writer_of == NULL)
		return ppdl_cipher_check_same(&first, c, "sum", err);
	memcpy(alike.fingerprint, first.fingerprint, sizeof(alike.fingerprint));
	PPDL_TRY(ppdl_cipher_check_same(&first, &alike, "sum", err));
	PPDL_TRY(root_of(s, first.fingerprint, owner, err));
	PPDL_TRY(root_of(s, c->fingerprint, other, err));
	if (memcmp(owner, other, sizeof(owner)) == 0)
		return PPDL_OK;
	ppdl_fingerprint_hex(mine, owner);
	ppdl_fingerprint_hex(theirs, other);
	ppdl_error(err, PPDL_ERR_KEY, "sum of values under keys of different owners, %s and %s", mine, theirs);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "Rows of writers count as their owner's once it has published the writers' keys; "
						   "see ppdl_writers.");
}

static PpdlSum *
find(const PpdlKeySums *s, const uint8_t *key)
{
	for (int i = 0; i < s->keys; i++)
		if (memcmp(s->sum[i]->fingerprint, key, PPDL_FINGERPRINT_BYTES) == 0)
			return s->sum[i];
	return NULL;
}

static PpdlStatus
make_room(PpdlKeySums *s, PpdlError *err)
{
	PpdlSum   **grown;

	if (s->keys == PPDL_MAX_SUM_KEYS)
		return ppdl_error(err, PPDL_ERR_RANGE, "sum of rows under more than %d keys", PPDL_MAX_SUM_KEYS);
	if (s->keys < s->cap)
		return PPDL_OK;
	grown = realloc(s->sum, (size_t) (s->cap == 0 ? 1 : 2 * s->cap) * sizeof(grown[0]));
	if (grown == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	s->sum = grown;
	s->cap = s->cap == 0 ? 1 : 2 * s->cap;
	return PPDL_OK;
}

/* what to do with the sum of a key: one of */
typedef struct Addition
{
	const PpdlCipher *c;		/* a term */
	const void *buf;			/* its bytes, or NULL: it has a weight */
	size_t		len;
	double		weight;
	PpdlSum    *from;			/* or a whole sum */
} Addition;

static PpdlStatus
add_to(PpdlSum *sum, const Addition *what, PpdlError *err)
{
	if (what->from != NULL)
		return ppdl_sum_merge(sum, what->from, err);
	return what->buf != NULL ? ppdl_sum_add_bytes(sum, what->buf, what->len, err) :
		ppdl_sum_add_weighted(sum, what->c, what->weight, err);
}

/* merging into an empty sum would leave the other one empty */
static PpdlStatus
copy_sum(PpdlSum **out, PpdlSum *from, PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	w;

	*out = NULL;
	ppdl_writer_init(&w);
	status = ppdl_sum_save(from, &w, err);
	if (status == PPDL_OK)
		status = ppdl_sum_load(out, w.buf, w.len, err);
	ppdl_writer_free(&w);
	return status;
}

/* a sum for the key of what, which is none of s yet: with what is added, or nothing after an error */
static PpdlStatus
begin_key(PpdlKeySums *s, PpdlSum **out, const Addition *what, PpdlError *err)
{
	const int	weighted = what->buf == NULL && what->from == NULL;
	PpdlCipher	term = *what->c;
	PpdlStatus	status;

	if (weighted)
		term.scale *= ppdl_sum_weight_unit(what->c);
	if (s->keys > 0)
		PPDL_TRY(check_key(s, &term, err));
	PPDL_TRY(make_room(s, err));
	PPDL_TRY(what->from != NULL ? copy_sum(out, what->from, err) : ppdl_sum_create(out, err));
	ppdl_sum_set_poll(*out, s->poll);
	if (what->from != NULL)
		return PPDL_OK;
	if (s->arena != NULL)
		ppdl_sum_set_arena(*out, s->arena);
	status = add_to(*out, what, err);
	if (status != PPDL_OK)
		ppdl_sum_destroy(*out);
	return status;
}

/* a key is one of s once it has a term */
static PpdlStatus
add(PpdlKeySums *s, const Addition *what, PpdlError *err)
{
	PpdlSum    *sum = find(s, what->c->fingerprint);

	if (sum != NULL)
		PPDL_TRY(add_to(sum, what, err));
	else
	{
		PPDL_TRY(begin_key(s, &sum, what, err));
		s->sum[s->keys++] = sum;
	}
	s->last = sum;
	memcpy(s->last_key, sum->fingerprint, sizeof(s->last_key));
	return PPDL_OK;
}

/* apart, so that a row under the key of the one before costs a comparison and a jump */
static PpdlStatus __attribute__((noinline))
add_of_other_key(PpdlKeySums *s, const void *buf, size_t len, PpdlError *err)
{
	PpdlCipher	c;

	PPDL_TRY(ppdl_cipher_parse(&c, buf, len, err));
	return add(s, &(Addition) {.c = &c, .buf = buf, .len = len}, err);
}

PpdlStatus
ppdl_key_sums_add_bytes(PpdlKeySums *s, const void *buf, size_t len, PpdlError *err)
{
	if (s->last != NULL && len >= PPDL_CIPHER_HEADER &&
		memcmp((const uint8_t *) buf + AT_FINGERPRINT, s->last_key, PPDL_FINGERPRINT_BYTES) == 0)
		return ppdl_sum_add_bytes(s->last, buf, len, err);
	return add_of_other_key(s, buf, len, err);
}

PpdlStatus
ppdl_key_sums_add_weighted(PpdlKeySums *s, const PpdlCipher *c, double weight, PpdlError *err)
{
	return add(s, &(Addition) {.c = c, .weight = weight}, err);
}

PpdlStatus
ppdl_key_sums_merge(PpdlKeySums *into, PpdlKeySums *from, PpdlError *err)
{
	for (int i = 0; i < from->keys; i++)
	{
		const PpdlCipher shape = ppdl_sum_shape(from->sum[i]);

		PPDL_TRY(add(into, &(Addition) {.c = &shape, .from = from->sum[i]}, err));
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ results */

PpdlStatus
ppdl_key_sums_needs_switch(PpdlKeySums *s, int *needed, PpdlError *err)
{
	uint8_t		root[PPDL_FINGERPRINT_BYTES];

	*needed = s->keys > 1;
	if (s->keys != 1)
		return PPDL_OK;
	PPDL_TRY(root_of(s, s->sum[0]->fingerprint, root, err));
	*needed = memcmp(root, s->sum[0]->fingerprint, sizeof(root)) != 0;
	return PPDL_OK;
}

/* what is in w becomes a value under the key that it writes for */
static PpdlStatus
hop(PpdlEval *ev, PpdlWriter *w, const uint8_t to[8], PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	switched;
	PpdlCipher	c;

	ppdl_writer_init(&switched);
	PPDL_GOTO(done, ppdl_cipher_parse(&c, w->buf, w->len, err));
	PPDL_GOTO(done, ppdl_switch_value(ev, &switched, &c, to, err));
	ppdl_writer_free(w);
	*w = switched;
	return PPDL_OK;
done:
	ppdl_writer_free(&switched);
	return status;
}

/* from key to key until the owner's is reached, which takes no step but that to the row ring */
PpdlStatus
ppdl_key_bring_home(PpdlWriterOf writer_of, void *arg, PpdlEval *ev, PpdlWriter *w, PpdlError *err)
{
	PpdlKeyWay	way;
	PpdlCipher	c;

	PPDL_TRY(ppdl_cipher_parse(&c, w->buf, w->len, err));
	PPDL_TRY(ppdl_key_way(&way, writer_of, arg, c.fingerprint, err));
	if (way.hops == 0 && c.par != ev->par)
		return hop(ev, w, way.key[0], err);
	for (int h = 0; h < way.hops; h++)
		PPDL_TRY(hop(ev, w, way.key[h + 1], err));
	return PPDL_OK;
}

/* acc += w, which is freed; acc may be empty */
static PpdlStatus
join(PpdlWriter *acc, PpdlWriter *w, PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	both;
	PpdlCipher	a,
				b;

	if (acc->len == 0)
	{
		ppdl_writer_free(acc);
		*acc = *w;
		ppdl_writer_init(w);
		return PPDL_OK;
	}
	ppdl_writer_init(&both);
	PPDL_GOTO(done, ppdl_cipher_parse(&a, acc->buf, acc->len, err));
	PPDL_GOTO(done, ppdl_cipher_parse(&b, w->buf, w->len, err));
	PPDL_GOTO(done, ppdl_cipher_combine(&both, &a, 1, &b, 1, err));
	ppdl_writer_free(acc);
	*acc = both;
	ppdl_writer_init(&both);
done:
	ppdl_writer_free(&both);
	ppdl_writer_free(w);
	return status;
}

static PpdlStatus
finish_switched(PpdlKeySums *s, PpdlEval *ev, double divisor, PpdlWriter *out, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PpdlWriter	acc,
				w;

	ppdl_writer_init(&acc);
	ppdl_writer_init(&w);
	for (int i = 0; i < s->keys; i++)
	{
		PPDL_GOTO(done, ppdl_sum_finish(s->sum[i], divisor, &w, err));
		PPDL_GOTO(done, ppdl_key_bring_home(s->writer_of, s->arg, ev, &w, err));
		PPDL_GOTO(done, join(&acc, &w, err));
	}
	ppdl_write_bytes(out, acc.buf, acc.len);
	if (out->bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
done:
	ppdl_writer_free(&acc);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_key_sums_finish(PpdlKeySums *s, PpdlEval *ev, double divisor, PpdlWriter *w, PpdlError *err)
{
	int			needed;

	if (s->keys == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a sum of no terms has no value");
	PPDL_TRY(ppdl_key_sums_needs_switch(s, &needed, err));
	if (!needed)
		return ppdl_sum_finish(s->sum[0], divisor, w, err);
	if (ev == NULL)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "no evaluator for a sum of rows of writers");
	return finish_switched(s, ev, divisor, w, err);
}

/* ------------------------------------------------------------------ stored form */

PpdlStatus
ppdl_key_sums_save(PpdlKeySums *s, PpdlWriter *w, PpdlError *err)
{
	if (s->keys == 1)
		return ppdl_sum_save(s->sum[0], w, err);
	ppdl_write_u32(w, MAGIC);
	ppdl_write_u32(w, (uint32_t) s->keys);
	for (int i = 0; i < s->keys; i++)
	{
		PpdlStatus	status;
		PpdlWriter	one;

		ppdl_writer_init(&one);
		status = ppdl_sum_save(s->sum[i], &one, err);
		if (status == PPDL_OK)
		{
			ppdl_write_u64(w, one.len);
			ppdl_write_bytes(w, one.buf, one.len);
		}
		ppdl_writer_free(&one);
		PPDL_TRY(status);
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of a sum of rows under several keys");
}

/* one key's sum; a key comes once, and its rows are such as the others' */
static PpdlStatus
fill_one(PpdlKeySums *s, const void *buf, size_t len, PpdlError *err)
{
	PpdlCipher	first,
				shape;
	PpdlStatus	status;
	PpdlSum    *sum;

	PPDL_TRY(make_room(s, err));
	PPDL_TRY(ppdl_sum_load(&sum, buf, len, err));
	if (ppdl_sum_count(sum) == 0)
	{
		ppdl_sum_destroy(sum);
		return s->keys == 0 ? PPDL_OK : malformed(err);
	}
	shape = ppdl_sum_shape(sum);
	status = find(s, shape.fingerprint) != NULL ? malformed(err) : PPDL_OK;
	if (status == PPDL_OK && s->keys > 0)
	{
		first = ppdl_sum_shape(s->sum[0]);
		memcpy(first.fingerprint, shape.fingerprint, sizeof(first.fingerprint));
		status = ppdl_cipher_check_same(&first, &shape, "sum", err);
	}
	if (status != PPDL_OK)
	{
		ppdl_sum_destroy(sum);
		return status;
	}
	ppdl_sum_set_poll(sum, s->poll);
	s->sum[s->keys++] = sum;
	return PPDL_OK;
}

/* whether all keys are of one owner shows when a further one comes, or the result is asked for */
PpdlStatus
ppdl_key_sums_fill(PpdlKeySums *s, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32_t	keys;

	if (ppdl_read_u32(&r) != MAGIC || r.bad)
		return fill_one(s, buf, len, err);
	keys = ppdl_read_u32(&r);
	if (r.bad || keys < 2 || keys > PPDL_MAX_SUM_KEYS)
		return malformed(err);
	for (uint32_t i = 0; i < keys; i++)
	{
		const uint64_t bytes = ppdl_read_u64(&r);
		const uint8_t *one = bytes <= ppdl_reader_left(&r) ? ppdl_read_bytes(&r, (size_t) bytes) : NULL;
		int			before = s->keys;

		if (r.bad || one == NULL)
			return malformed(err);
		PPDL_TRY(fill_one(s, one, (size_t) bytes, err));
		if (s->keys == before)
			return malformed(err);
	}
	return ppdl_reader_left(&r) == 0 ? PPDL_OK : malformed(err);
}
