/*
 * Second moments of encrypted rows against loops in the clear: rows lifted to the deep ring at an insecure degree, with
 * holes and labels, and packed rows of the row ring as it is.
 */
#include "lifted_world.h"
#include "packed_world.h"

#include "predict/gram.h"
#include "predict/packed_slots.h"
#include "ring/vec.h"
#include "rows/cipher_read.h"
#include "rows/cipher_write.h"
#include "rows/decrypt.h"

/* the moments of rows (x, y), those with keep set */
static void
plain_moments(long double *out, const double *x, int wx, const double *y, int wy, int rows, const char *keep)
{
	const int	size = wx + wy;

	for (int i = 0; i < size * size; i++)
		out[i] = 0;
	for (int r = 0; r < rows; r++)
	{
		if (!keep[r])
			continue;
		for (int i = 0; i < size; i++)
			for (int j = 0; j < size; j++)
				out[i * size + j] += (long double) (i < wx ? x[r * wx + i] : y[r * wy + i - wx]) *
					(j < wx ? x[r * wx + j] : y[r * wy + j - wx]);
	}
}

typedef struct Compared
{
	double		rms,
				worst,
				stated;
} Compared;

/* what a server would return, decrypted as an owner does; no bytes lead to insecure rings */
static void
reveal(Fixture *f, PpdlGram *g, double *got, Compared *c)
{
	const PpdlCipher rows = {.fingerprint = {1, 2, 3}, .encoding = 0x3fa2b1c4d5e6};
	const int	size = ppdl_gram_size(&g->lay);
	PpdlWriter	w;
	PpdlCipher	value;
	PpdlValues	v;

	ppdl_writer_init(&w);
	OK(ppdl_gram_write(g, &f->ev, &rows, &w, &err));
	OK(ppdl_cipher_parse(&value, w.buf, w.len, &err));
	assert_true(value.encoding == rows.encoding);
	assert_int_equal(value.width, size);
	assert_int_equal(value.nrows, size);
	assert_true(value.bound >= g->rows);
	OK(ppdl_cipher_decrypt(&v, &value, f->sk, &err));
	assert_int_equal(v.held, size);
	for (int i = 0; i < size; i++)
		memcpy(got + i * size, ppdl_values_row(&v, (uint32_t) i), sizeof(double) * (size_t) size);
	c->stated = v.error;
	ppdl_values_free(&v);
	ppdl_writer_free(&w);
}

static void
reveal_toy(Fixture *f, PpdlGram *g, double *got, Compared *c)
{
	double	   *phase = malloc(sizeof(double) * f->par->n);
	PpdlCt		ct;

	OK(ppdl_gram_result(g, &f->ev, &ct, &err));
	OK(ppdl_decrypt_coeffs(&f->ev, &ct, f->sk, phase, &err));
	OK(ppdl_gram_matrix(got, &g->lay, f->par, phase, ct.scale, NULL, &err));
	c->stated = ct.noise / ct.scale * ppdl_gram_gain(f->par, g->lay.logk);
	ppdl_ct_release(&f->ev, &ct);
	free(phase);
}

static Compared
compare(Fixture *f, PpdlGram *g, const long double *want)
{
	const int	size = ppdl_gram_size(&g->lay);
	double	   *got = malloc(sizeof(double) * (size_t) (size * size));
	Compared	c = {0};

	OK(ppdl_gram_merge(g, &f->ev, &err));
	if (f->par->id == PPDL_RING_CUSTOM)
		reveal_toy(f, g, got, &c);
	else
		reveal(f, g, got, &c);
	for (int i = 0; i < size; i++)
		for (int j = 0; j < size; j++)
		{
			double		e = fabs(got[i * size + j] - (double) want[i * size + j]);

			assert_true(got[i * size + j] == got[j * size + i]);
			c.rms += e * e / (size * size);
			c.worst = fmax(c.worst, e);
		}
	c.rms = sqrt(c.rms);
	free(got);
	return c;
}

/* an honest statement: a standard deviation, and not much more than that */
static void
check_stated(const Compared *c, const char *what)
{
	print_message("%-44s error 2^%.1f rms, 2^%.1f worst, stated 2^%.1f\n", what, log2(c->rms), log2(c->worst),
				  log2(c->stated));
	assert_true(c->worst < 6 * c->stated);
	assert_true(c->rms < 2 * c->stated);
	assert_true(c->rms > c->stated / 1024);
}

/* ---- rows of the deep ring ---- */

static void
lifted_of(World *w, int logn, int rows, int inputs, int outputs, int labels, int writers)
{
	Fixture    *f = w->d->f;
	Rows		r = make_rows_of(w->d, logn, rows, inputs, outputs, 1, writers);
	WritersKeys keys = {0};
	char	   *keep = malloc((size_t) rows);
	long double *want = malloc(sizeof(long double) * (size_t) ((inputs + outputs) * (inputs + outputs)));
	char		what[80];
	PpdlGramLayout lay;
	PpdlGram	g;
	Compared	c;

	if (writers)
	{
		assert_true(r.ts->nbatches > 1);
		keys = make_writers_keys(w->d, &r);
	}
	if (!labels)
		drop_labels(&r);
	for (int i = 0; i < rows; i++)
	{
		keep[i] = i == 0 || next_random(f) % 4 != 0;
		if (!keep[i])
			leave_out(&r, i);
	}
	snprintf(what, sizeof(what), "%d of %d rows of %d, %d values", (int) r.ts->rows, rows, inputs, labels ? outputs : 0);
	OK(ppdl_gram_layout(&lay, inputs, labels ? outputs : 0, &err));
	ppdl_gram_init(&g, &lay);
	OK(ppdl_gram_add_lifted(&g, &f->ev, w->hb, r.ts, NULL, NULL, &err));
	plain_moments(want, r.x, inputs, r.y, labels ? outputs : 0, rows, keep);
	assert_true(g.rows == (double) r.ts->rows);
	c = compare(f, &g, want);
	check_stated(&c, what);
	ppdl_gram_release(&g, &f->ev);
	free(keep);
	free(want);
	if (writers)
		free_writers_keys(&keys);
	free_rows(&r);
	forget_bridge(w->d);
}

static void
lifted(World *w, int logn, int rows, int inputs, int outputs, int labels)
{
	lifted_of(w, logn, rows, inputs, outputs, labels, 0);
}

static void
lifted_rows(void **state)
{
	lifted(*state, ROW_LOGN, 50, 16, 1, 0);
	lifted(*state, ROW_LOGN, 1, 2, 1, 0);
	lifted(*state, COMPACT_LOGN, 60, 3, 1, 0);
}

static void
lifted_labels(void **state)
{
	lifted(*state, ROW_LOGN, 40, 8, 1, 1);
	lifted(*state, ROW_LOGN, 90, 5, 2, 1);
	lifted(*state, COMPACT_LOGN, 40, 4, 3, 1);
	lifted(*state, ROW_LOGN, 70, 8, 8, 1);
}

/* rows of writers and the owner, batch by batch: of one, then of five */
static void
writers_rows(void **state)
{
	lifted_of(*state, ROW_LOGN, 40, 16, 1, 1, 1);
	lifted_of(*state, COMPACT_LOGN, 100, 4, 3, 1, TOY_WRITERS);
}

/* ---- rows of the row ring ---- */

/* ciphertexts of rows, the moments of all of them in two states that are joined, one merged before, one not */
static void
packed(Fixture *f, int width, int ciphertexts)
{
	const int	rows = (int) (f->par->n >> ppdl_log2_width(width)),
				all = rows * ciphertexts;
	double	   *x = malloc(sizeof(double) * (size_t) (all * width));
	char	   *keep = malloc((size_t) all);
	long double *want = malloc(sizeof(long double) * (size_t) (width * width));
	PpdlPackedSlotsForm form = {.scale = PPDL_GRAM_SLOT_SCALE, .left = PPDL_GRAM_LIMBS};
	PpdlPackedSlots *slots;
	PpdlGramLayout lay;
	PpdlGram	g,
				other;
	char		what[80];
	Compared	c;
	int			kept = 0;

	for (int i = 0; i < all * width; i++)
		x[i] = i % 5 == 0 ? copysign(1, next_real(f)) : next_real(f);
	for (int i = 0; i < all; i++)
		kept += keep[i] = next_random(f) % 8 != 0;
	form.in_scale = ldexp(1, 30 + f->par->logn - ppdl_log2_width(width));
	OK(ppdl_packed_slots_create(&slots, &form, NULL, NULL, &err));
	OK(ppdl_gram_layout(&lay, width, 0, &err));
	ppdl_gram_init(&g, &lay);
	ppdl_gram_init(&other, &lay);
	for (int i = 0; i < ciphertexts; i++)
	{
		PpdlGram   *to = i % 2 ? &other : &g;
		PpdlPacked	p;
		PpdlCt		z;
		double		n = 0;

		for (int r = 0; r < rows; r++)
			n += keep[i * rows + r];
		pack_rows(f, &p, x + (size_t) (i * rows * width), width, keep + i * rows, PPDL_GRAM_ROWS_LIMBS);
		OK(ppdl_packed_slots_run(slots, &f->ev, &z, &p, 1, &err));
		OK(ppdl_gram_add(to, &f->ev, &z, NULL, n, &err));
		if (i == 1)
			OK(ppdl_gram_merge(to, &f->ev, &err));
		ppdl_ct_release(&f->ev, &z);
		ppdl_packed_release(&f->ev, &p);
	}
	OK(ppdl_gram_join(&g, &f->ev, &other, &err));
	assert_true(g.rows == (double) kept);
	plain_moments(want, x, width, NULL, 0, all, keep);
	c = compare(f, &g, want);
	snprintf(what, sizeof(what), "%d of %d full rows of %d", kept, all, width);
	check_stated(&c, what);
	/* the value stays what it was */
	c = compare(f, &g, want);
	check_stated(&c, what);
	ppdl_gram_release(&g, &f->ev);
	ppdl_gram_release(&other, &f->ev);
	ppdl_packed_slots_destroy(slots);
	free(x);
	free(keep);
	free(want);
}

#define TOGETHER 3

/* slots of several packed ciphertexts together: to the last bit what each has alone; of none where one is no good */
static void
slots_together(void **state)
{
	Fixture    *f = *state;
	const PpdlPackedSlotsForm form = {.in_scale = ldexp(1, 30 + f->par->logn - 4), .scale = PPDL_GRAM_SLOT_SCALE,
		.left = PPDL_GRAM_LIMBS};
	double	   *x = malloc(sizeof(double) * f->par->n);
	char	   *keep = malloc(f->par->n / 16);
	PpdlPackedSlots *slots;
	PpdlPacked	p[TOGETHER];
	PpdlCt		alone[TOGETHER],
				z[TOGETHER];
	size_t		held;

	memset(keep, 1, f->par->n / 16);
	OK(ppdl_packed_slots_create(&slots, &form, NULL, NULL, &err));
	for (int i = 0; i < TOGETHER; i++)
	{
		for (size_t k = 0; k < f->par->n; k++)
			x[k] = next_real(f);
		pack_rows(f, &p[i], x, 16, keep, PPDL_GRAM_ROWS_LIMBS);
		p[i].ct.noise *= 1 << 4 * i;
		OK(ppdl_packed_slots_run(slots, &f->ev, &alone[i], &p[i], 1, &err));
	}
	for (int count = 2; count <= TOGETHER; count++)
	{
		OK(ppdl_packed_slots_run(slots, &f->ev, z, p, count, &err));
		for (int i = 0; i < count; i++)
			assert_same_ct(&z[i], &alone[i]);
		ppdl_ct_release_all(&f->ev, z, count);
	}
	ppdl_pool_trim(f->pool);
	held = ppdl_pool_bytes(f->pool);
	p[1].ct.scale *= 2;
	assert_int_equal(ppdl_packed_slots_run(slots, &f->ev, z, p, 2, &err), PPDL_ERR_SCALE);
	assert_true(z[0].b == NULL && z[1].b == NULL);
	ppdl_pool_trim(f->pool);
	assert_int_equal(ppdl_pool_bytes(f->pool), held);
	ppdl_ct_release_all(&f->ev, alone, TOGETHER);
	for (int i = 0; i < TOGETHER; i++)
		ppdl_packed_release(&f->ev, &p[i]);
	ppdl_packed_slots_destroy(slots);
	free(x);
	free(keep);
}

static void
packed_rows(void **state)
{
	packed(*state, 16, 3);
	packed(*state, 2, 2);
	packed(*state, 11, 1);
	packed(*state, 33, 2);
}

static void
refused(void **state)
{
	Fixture    *f = *state;
	PpdlGramLayout lay;
	PpdlGram	g;
	PpdlCt		ct,
				out;
	double complex *z = random_slots(f, 0);

	assert_int_equal(ppdl_gram_layout(&lay, 1, 0, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_gram_layout(&lay, 65, 0, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "65"));
	assert_int_equal(ppdl_gram_layout(&lay, 4, 5, &err), PPDL_ERR_ARGUMENT);
	OK(ppdl_gram_layout(&lay, 4, 0, &err));
	ppdl_gram_init(&g, &lay);
	assert_int_equal(ppdl_gram_result(&g, &f->ev, &out, &err), PPDL_ERR_ARGUMENT);
	ct = encrypt(f, z, 0x1p39, 2);
	assert_int_equal(ppdl_gram_add(&g, &f->ev, &ct, NULL, 1, &err), PPDL_ERR_LEVEL);
	ppdl_ct_release(&f->ev, &ct);
	ct = encrypt(f, z, 0x1p39, PPDL_GRAM_LIMBS);
	assert_int_equal(ppdl_gram_add(&g, &f->ev, &ct, &ct, 1, &err), PPDL_ERR_ARGUMENT);
	/* sums of more rows than the modulus holds */
	OK(ppdl_gram_add(&g, &f->ev, &ct, NULL, 1, &err));
	g.rows = 0x1p46;
	OK(ppdl_gram_merge(&g, &f->ev, &err));
	assert_int_equal(ppdl_gram_result(&g, &f->ev, &out, &err), PPDL_ERR_RANGE);
	print_message("%s\n", err.message);
	ppdl_gram_release(&g, &f->ev);
	ppdl_ct_release(&f->ev, &ct);
	free(z);
}

/* a value of zeros with these places, as bytes */
static PpdlStatus
parse_places(const PpdlParams *par, int logk, int width, const uint32_t *places)
{
	const PpdlCipher head = {.par = par, .kind = PPDL_KIND_PACKED, .limbs = 1, .width = width, .scale = 0x1p30,
		.noise = 1, .bound = 1, .layout = PPDL_LAYOUT_GRAM, .logk = logk, .nrows = (uint32_t) width, .nchunks = 1};
	const size_t bytes = 2 * ppdl_packed_size(par->n, par->ring->mod[0].bits);
	PpdlStatus	status;
	PpdlCipher	c;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_cipher_put_header(&w, &head, &err));
	for (int i = 0; i < width; i++)
		ppdl_write_u32(&w, places[i]);
	memset(ppdl_write_space(&w, bytes), 0, bytes);
	status = ppdl_cipher_parse(&c, w.buf, w.len, &err);
	ppdl_writer_free(&w);
	return status;
}

static void
damaged_places(void **state)
{
	const Fixture *f = *state;

	OK(parse_places(f->par, 1, 2, (uint32_t[]) {0, 1}));
	OK(parse_places(f->par, 1, 3, (uint32_t[]) {0, 1, 2}));
	/* of labels alone */
	assert_int_equal(parse_places(f->par, 1, 1, (uint32_t[]) {2}), PPDL_ERR_FORMAT);
	assert_int_equal(parse_places(f->par, 1, 2, (uint32_t[]) {2, 3}), PPDL_ERR_FORMAT);
	/* of one value and its label; of more labels than values; too few values for their power of two; missing ones */
	assert_int_equal(parse_places(f->par, 1, 2, (uint32_t[]) {0, 2}), PPDL_ERR_FORMAT);
	assert_int_equal(parse_places(f->par, 2, 7, (uint32_t[]) {0, 1, 2, 4, 5, 6, 7}), PPDL_ERR_FORMAT);
	assert_int_equal(parse_places(f->par, 2, 2, (uint32_t[]) {0, 1}), PPDL_ERR_FORMAT);
	assert_int_equal(parse_places(f->par, 1, 3, (uint32_t[]) {0, 1, PPDL_NO_PLACE}), PPDL_ERR_FORMAT);
	assert_int_equal(parse_places(f->par, 1, 2, (uint32_t[]) {1, 0}), PPDL_ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest packed[] = {
		cmocka_unit_test(packed_rows),
		cmocka_unit_test(slots_together),
		cmocka_unit_test(refused),
		cmocka_unit_test(damaged_places),
	};
	const struct CMUnitTest deep[] = {
		cmocka_unit_test(lifted_rows),
		cmocka_unit_test(lifted_labels),
		cmocka_unit_test(writers_rows),
	};

	return cmocka_run_group_tests_name("second moments, lifted rows", deep, set_up_lifted, tear_down_lifted) +
		cmocka_run_group_tests_name("second moments, packed rows", packed, set_up_packed, tear_down_packed);
}
