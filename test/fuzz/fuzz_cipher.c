/* Ciphertexts of all kinds: read, checked, and then used as the server and the owner use them. */
#include "rows.h"

#include <math.h>

#include "rows/lift.h"
#include "rows/receipt.h"

/* input functions take the built-in rings */
static void
validate(const uint8_t *data, size_t len)
{
	PpdlCipher	c,
				head;

	if (len >= PPDL_CIPHER_HEADER)
		ppdl_cipher_peek(&head, data, ERR);
	if (ppdl_cipher_validate(data, len, ERR) != PPDL_OK)
		return;
	OK(ppdl_cipher_parse(&c, data, len, ERR));
	OK(ppdl_cipher_peek(&head, data, ERR));
	must(head.par == c.par && head.kind == c.kind && head.width == c.width && head.limbs == c.limbs);
	must(isfinite(ppdl_cipher_error(&c)) || c.kind == PPDL_KIND_PACKED);
}

static void
validate_seeds(void)
{
	const PpdlParams *par = row_ring();
	uint8_t    *slice;
	size_t		each;
	PpdlWriter	w;

	for (int limbs = 1; limbs <= par->nq; limbs += par->nq - 1)
	{
		slice = make_slices(par, 3, 5, limbs, 3, 0, &each);
		put_seed(slice + each, each);
		free(slice);
	}
	w = make_row(par, 3, 1);
	put_writer_seed(&w);
	w = make_parts(compact_ring(), 3);
	put_writer_seed(&w);
	slice = make_slices(compact_ring(), 3, 5, 1, 3, 0, &each);
	put_seed(slice + each, each);
	free(slice);
	w = make_row(compact_ring(), 3, 1);
	put_writer_seed(&w);
}

/* a second value of the same kind, key and width to work with */
static void
sum(const PpdlCipher *c, size_t len)
{
	PpdlWriter	w;
	PpdlSum    *s,
			   *other;

	ppdl_writer_init(&w);
	OK(ppdl_sum_create(&s, ERR));
	OK(ppdl_sum_create(&other, ERR));
	if (ppdl_sum_add(s, c, 1, ERR) == PPDL_OK && ppdl_sum_add(s, c, -7, ERR) == PPDL_OK &&
		ppdl_sum_add(other, c, 1, ERR) == PPDL_OK &&
		ppdl_sum_merge(s, other, ERR) == PPDL_OK)
		ppdl_sum_finish(s, len % 2 + 1, &w, ERR);
	ppdl_sum_destroy(s);
	ppdl_sum_destroy(other);
	ppdl_writer_free(&w);
}

/* operators: a result is a value that can be read again */
static void
combine(const PpdlCipher *c, double wa, double wb)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	if (ppdl_cipher_combine(&w, c, wa, wb == 0 ? NULL : c, wb, ERR) == PPDL_OK)
	{
		PpdlCipher	again;

		must(ppdl_cipher_parse_in(&again, c->par, w.buf, w.len, ERR) == PPDL_OK);
	}
	ppdl_writer_free(&w);
}

static void
collect(const PpdlCipher *c)
{
	PpdlCollector *col;
	PpdlPool   *pool = ppdl_pool_create();
	PpdlPacked	packed;
	PpdlEval	ev;
	int			complete = 0,
				found = 0;

	must(pool != NULL);
	OK(ppdl_eval_init(&ev, c->par, pool, NULL, ERR));
	OK(ppdl_collector_create(&col, c->limbs, ERR));
	if (ppdl_collector_add(col, c, 0, &complete, ERR) == PPDL_OK &&
		ppdl_collector_add(col, c, 1, &complete, ERR) == PPDL_OK &&
		ppdl_pack_complete(&ev, col, &packed, &found, ERR) == PPDL_OK && found)
		ppdl_packed_release(&ev, &packed);
	ppdl_collector_destroy(col);
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
}

/* digits that mean nothing are never returned, and nothing infinite is */
static void
decrypt(const PpdlCipher *c)
{
	PpdlValues	v;

	if (ppdl_cipher_decrypt(&v, c, ring_secret(c->par), ERR) != PPDL_OK)
		return;
	must(isfinite(v.error));
	for (size_t i = 0; i < (size_t) v.held * (size_t) v.width; i++)
		must(!isinf(v.v[i]));
	ppdl_values_free(&v);
}

/* first 16 bytes: two factors; then a value of the ring */
static void
use_in(const PpdlParams *par, const uint8_t *data, size_t len)
{
	double		factor[2];
	PpdlCipher	c;

	if (len < sizeof(factor))
		return;
	memcpy(factor, data, sizeof(factor));
	data += sizeof(factor);
	len -= sizeof(factor);
	if (ppdl_cipher_parse_in(&c, par, data, len, ERR) != PPDL_OK || c.par != par)
		return;
	decrypt(&c);
	if (c.kind == PPDL_KIND_PACKED)
		return;
	sum(&c, len);
	collect(&c);
	if (isfinite(factor[0]) && isfinite(factor[1]))
		combine(&c, factor[0], factor[1]);
}

static void
use(const uint8_t *data, size_t len)
{
	use_in(toy_ring(), data, len);
}

static void
use_compact(const uint8_t *data, size_t len)
{
	use_in(compact_ring(), data, len);
}

static void
put_use_seed(double wa, double wb, const void *value, size_t len)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	ppdl_write_f64(&w, wa);
	ppdl_write_f64(&w, wb);
	ppdl_write_bytes(&w, value, len);
	put_writer_seed(&w);
}

static void
use_seeds(void)
{
	const PpdlParams *par = strcmp(fuzz_case[seed_case].name, "use") == 0 ? toy_ring() : compact_ring();
	size_t		each;
	uint8_t    *slice;
	PpdlWriter	w;

	for (int limbs = 1; limbs <= par->nq; limbs += par->nq > 1 ? par->nq - 1 : 1)
	{
		slice = make_slices(par, 3, 5, limbs, 3, 0, &each);
		put_use_seed(1, -1, slice, each);
		put_use_seed(0.5, 0, slice + each, each);
		free(slice);
		w = make_row(par, 16, limbs);
		put_use_seed(1, 1e-30, w.buf, w.len);
		ppdl_writer_free(&w);
		w = make_parts(par, 16);
		put_use_seed(1, -1, w.buf, w.len);
		ppdl_writer_free(&w);
		w = make_packed(par, 16, limbs);
		put_use_seed(1, 1, w.buf, w.len);
		ppdl_writer_free(&w);
	}
}

/* whatever is read is written, read again the same, and added to itself as rows that come twice */
static void
receipt(const uint8_t *data, size_t len)
{
	PpdlReceipt *r,
			   *again;
	PpdlWriter	w[2];

	if (ppdl_receipt_read(&r, NULL, NULL, data, len, ERR) != PPDL_OK)
		return;
	must(r->rows > 0 && r->nsections > 0);
	for (int i = 0; i < 2; i++)
	{
		ppdl_writer_init(&w[i]);
		OK(ppdl_receipt_write(r, &w[i], ERR));
		OK(ppdl_receipt_read(&again, NULL, NULL, w[i].buf, w[i].len, ERR));
		must(again->rows == r->rows && again->nsections == r->nsections);
		if (i == 1)
			must(ppdl_receipt_merge(r, again, ERR) != PPDL_OK);
		ppdl_receipt_destroy(i == 0 ? r : again);
		r = i == 0 ? again : r;
	}
	must(w[0].len == w[1].len && memcmp(w[0].buf, w[1].buf, w[0].len) == 0);
	ppdl_writer_free(&w[0]);
	ppdl_writer_free(&w[1]);
	ppdl_receipt_destroy(r);
}

/* slices with tags of no owner: reading does not know */
static void
receipt_seeds(void)
{
	const PpdlParams *ring[] = {row_ring(), compact_ring()};

	for (int k = 0; k < 2; k++)
	{
		const int	limbs = k == 0 ? 2 : 1;
		size_t		each;
		uint8_t    *slice = make_slices(ring[k], 3, 5, limbs, 3, 0, &each),
				   *row = calloc(1, each + ppdl_tag_bytes(limbs));
		PpdlReceipt *r;
		PpdlWriter	w;

		must(row != NULL);
		OK(ppdl_receipt_create(&r, ERR));
		for (int i = 0; i < 3; i++)
		{
			PpdlCipher	c;

			memcpy(row, slice + (size_t) i * each, each);
			row[PPDL_CIPHER_HEADER] |= PPDL_SLICE_TAGGED;
			c = parsed(ring[k], row, each + ppdl_tag_bytes(limbs));
			OK(ppdl_receipt_add(r, &c, "\1\1\0\0\0A", i == 0 ? 0 : 6, ERR));
			if (i == 0)
				put_seed(row, each + ppdl_tag_bytes(limbs));
		}
		ppdl_writer_init(&w);
		OK(ppdl_receipt_write(r, &w, ERR));
		put_writer_seed(&w);
		ppdl_receipt_destroy(r);
		free(slice);
		free(row);
	}
}

static const FuzzCase fuzz_case[] = {
	{"validate", validate, validate_seeds},
	{"use", use, use_seeds},
	{"use-compact", use_compact, use_seeds},
	{"receipt", receipt, receipt_seeds},
	{NULL}
};
