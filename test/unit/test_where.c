/*
 * Sums over the rows that meet a condition, against loops in the clear, with holes and random conditions: packed rows
 * of the row ring as it is, and rows lifted to the deep ring at an insecure degree.
 */
#include "lifted_world.h"
#include "packed_world.h"

#include "predict/compare.h"
#include "predict/where.h"
#include "rows/cipher_read.h"
#include "rows/decrypt.h"

/* ---- in the clear ---- */

/* columns that are bits, the others are numbers; bits are the even ones */
static int
is_bit(int column)
{
	return column % 2 == 0;
}

static void
make_row(Fixture *f, double *x, int width)
{
	for (int i = 0; i < width; i++)
		x[i] = is_bit(i) ? (double) (next_random(f) % 2) : i % 5 == 0 ? copysign(1, next_real(f)) : next_real(f);
}

typedef struct Column
{
	const double *x;
	int			width;
} Column;

/* count, then sums of the values, of the rows with keep set; conditions find the values behind those of `on` */
static void
plain_sums(long double *out, const PpdlCondition *c, Column on, Column values, int rows, const char *keep)
{
	double		row[2 * PPDL_WHERE_MAX_WIDTH];

	for (int i = 0; i <= values.width; i++)
		out[i] = 0;
	for (int r = 0; r < rows; r++)
	{
		memcpy(row, on.x + r * on.width, sizeof(double) * (size_t) on.width);
		memcpy(row + on.width, values.x + r * values.width, sizeof(double) * (size_t) values.width);
		if (!keep[r] || ppdl_condition_apply(c, row) == 0)
			continue;
		out[0]++;
		for (int i = 0; i < values.width; i++)
			out[1 + i] += values.x[r * values.width + i];
	}
}

typedef struct Text
{
	char		s[8192];
} Text;

/* what conditions may ask for: `width` values as make_row makes them, `labels` bits; which stand before the others */
typedef struct Asked
{
	int			width,
				labels,
				labels_first;
} Asked;

/* a bit, or one that is not set, of a random column; or a sign */
static void
put_leaf(Fixture *f, Text *t, const Asked *a)
{
	const unsigned bits = (unsigned) (a->width + 1) / 2;
	const int	before = a->labels_first ? a->labels : 0;
	int			i;

	if (a->labels > 0 && (a->width == 0 || next_random(f) % 2))
		i = (a->labels_first ? 0 : a->width) + (int) (next_random(f) % (unsigned) a->labels);
	else if (a->width > SIGN && next_random(f) % 3 == 0)
	{
		sprintf(t->s + strlen(t->s), "x[%d] %s -1", before + SIGN + 1, next_random(f) % 2 ? "=" : "<>");
		return;
	}
	else
		i = before + 2 * (int) (next_random(f) % bits);
	sprintf(t->s + strlen(t->s), "x[%d] = %d", 1 + i, (int) (next_random(f) % 2));
}

/* at most so many levels */
static void
put_condition(Fixture *f, Text *t, const Asked *a, int levels)
{
	const char *op = next_random(f) % 2 ? " and " : " or ";

	if (next_random(f) % 4 == 0)
		strcat(t->s, "not ");
	strcat(t->s, "(");
	if (levels == 0 || next_random(f) % 8 == 0)
		put_leaf(f, t, a);
	else
		for (int i = 0; i < 2; i++)
		{
			strcat(t->s, i == 0 ? "" : op);
			put_condition(f, t, a, levels - 1);
		}
	strcat(t->s, ")");
}

/* a random condition that is neither always true nor never, of just so many levels where that can be */
static PpdlCondition *
random_condition(Fixture *f, Text *t, const Asked *a, int levels)
{
	PpdlCondition *c;

	for (;;)
	{
		*t->s = '\0';
		put_condition(f, t, a, levels);
		if (ppdl_condition_parse(&c, t->s, strlen(t->s), &err) == PPDL_OK)
		{
			if (c->levels == levels || (a->width < 8 && c->levels <= levels))
				return c;
			ppdl_condition_destroy(c);
		}
	}
}

/* ---- encrypted ---- */

typedef struct Compared
{
	double		rms,
				worst,
				stated;
} Compared;

/* what a server would return, decrypted as an owner does */
static void
reveal(Fixture *f, const PpdlWhere *w, const PpdlWhereSums *s, double *got, Compared *c)
{
	const PpdlCipher rows = {.fingerprint = {1, 2, 3}, .encoding = 0x3fa2b1c4d5e6};
	PpdlWriter	out;
	PpdlCipher	value;
	PpdlValues	v;

	ppdl_writer_init(&out);
	OK(ppdl_where_write(w, s, &f->ev, &rows, &out, &err));
	OK(ppdl_cipher_parse(&value, out.buf, out.len, &err));
	assert_true(value.encoding == rows.encoding);
	assert_int_equal(value.layout, PPDL_LAYOUT_SLOTS);
	assert_int_equal(value.width, 1 + w->values.width);
	assert_int_equal(value.nrows, 1);
	assert_int_equal(value.limbs, 1);
	assert_true(value.bound >= s->rows);
	OK(ppdl_cipher_decrypt(&v, &value, f->sk, &err));
	memcpy(got, ppdl_values_row(&v, 0), sizeof(double) * (size_t) (1 + w->values.width));
	c->stated = v.error;
	ppdl_values_free(&v);
	ppdl_writer_free(&out);
}

/* no bytes lead to insecure rings */
static void
reveal_toy(Fixture *f, const PpdlWhere *w, const PpdlWhereSums *s, double *got, Compared *c)
{
	double complex *z = malloc(sizeof(*z) * f->par->slots);
	PpdlCt		ct;

	OK(ppdl_where_result(w, s, &f->ev, &ct, &err));
	assert_int_equal(ct.limbs, 1);
	OK(ppdl_decrypt_slots(&f->ev, &ct, f->sk, z, &err));
	for (int i = 0; i <= w->values.width; i++)
		got[i] = creal(z[i]);
	c->stated = ct.noise / ct.scale * sqrt((double) f->par->n);
	ppdl_ct_release(&f->ev, &ct);
	free(z);
}

static Compared
compare(Fixture *f, const PpdlWhere *w, PpdlWhereSums *s, const long double *want)
{
	const int	width = 1 + w->values.width;
	double	   *got = malloc(sizeof(double) * (size_t) width);
	Compared	c = {0};

	OK(ppdl_where_merge(s, &f->ev, &err));
	if (f->par->id == PPDL_RING_CUSTOM)
		reveal_toy(f, w, s, got, &c);
	else
		reveal(f, w, s, got, &c);
	for (int i = 0; i < width; i++)
	{
		const double e = fabs(got[i] - (double) want[i]);

		c.rms += e * e / width;
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
	print_message("%-60.60s error 2^%.1f rms, 2^%.1f worst, stated 2^%.1f\n", what, log2(c->rms), log2(c->worst),
				  log2(c->stated));
	assert_true(c->worst < 6 * c->stated);
	assert_true(c->rms < 2 * c->stated);
	assert_true(c->rms > c->stated / 1024);
}

static PpdlPackedSlots *last_slots;

/* of this form: the last ones, where they are; they take longer than the sums */
static const PpdlPackedSlots *
slots_of(const PpdlPackedSlotsForm *form)
{
	const PpdlPackedSlotsForm *has = last_slots == NULL ? NULL : ppdl_packed_slots_form(last_slots);

	if (has != NULL && has->in_scale == form->in_scale && has->scale == form->scale && has->left == form->left)
		return last_slots;
	ppdl_packed_slots_destroy(last_slots);
	OK(ppdl_packed_slots_create(&last_slots, form, NULL, NULL, &err));
	return last_slots;
}

/* as many rows as there may be: a result; one more, none */
static void
check_reach(Fixture *f, const PpdlWhere *w, PpdlWhereSums *s)
{
	PpdlCt		ct;

	s->rows = PPDL_WHERE_MAX_ROWS;
	OK(ppdl_where_result(w, s, &f->ev, &ct, &err));
	ppdl_ct_release(&f->ev, &ct);
	s->rows++;
	assert_int_equal(ppdl_where_result(w, s, &f->ev, &ct, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "adds up 536870912 rows at most, here are 536870913"));
}

/* ciphertexts of rows in two states that are joined, one merged before, one not; written: the condition, or NULL */
static void
packed(Fixture *f, int width, int ciphertexts, int levels, const char *written)
{
	const int	rows = (int) (f->par->n >> ppdl_log2_width(width)),
				all = rows * ciphertexts;
	double	   *x = malloc(sizeof(double) * (size_t) (all * width));
	char	   *keep = malloc((size_t) all);
	long double *want = malloc(sizeof(long double) * (size_t) (1 + width));
	PpdlWhereSums sums,
				other;
	PpdlPackedSlotsForm form;
	const PpdlPackedSlots *slots;
	PpdlCondition *c;
	PpdlWhere  *w;
	Text		text;
	Compared	compared;

	if (written == NULL)
		c = random_condition(f, &text, &(Asked) {.width = width}, levels);
	else
	{
		strcpy(text.s, written);
		OK(ppdl_condition_parse(&c, written, strlen(written), &err));
	}
	for (int r = 0; r < all; r++)
	{
		make_row(f, x + r * width, width);
		keep[r] = next_random(f) % 8 != 0;
	}
	OK(ppdl_where_check(c, f->par, &err));
	OK(ppdl_where_create(&w, f->par, c, width, 0, &err));
	OK(ppdl_where_encode(w, NULL, &err));
	form = ppdl_where_slots_form(w, ppdl_packed_scale(f->par, ppdl_log2_width(width), 0x1p30));
	slots = slots_of(&form);
	ppdl_where_init(&sums);
	ppdl_where_init(&other);
	for (int i = 0; i < ciphertexts; i++)
	{
		PpdlWhereSums *to = i % 2 ? &other : &sums;
		PpdlPacked	p;
		PpdlCt		z;

		pack_rows(f, &p, x + (size_t) (i * rows * width), width, keep + i * rows, PPDL_PACKED_ROWS_LIMBS(form.left));
		OK(ppdl_packed_slots_run(slots, &f->ev, &z, &p, 1, &err));
		OK(ppdl_where_add_packed(w, to, &f->ev, &p, &z, &err));
		ppdl_ct_release(&f->ev, &z);
		if (i == 1)
			OK(ppdl_where_merge(to, &f->ev, &err));
		ppdl_packed_release(&f->ev, &p);
	}
	OK(ppdl_where_join(&sums, &f->ev, &other, &err));
	plain_sums(want, c, (Column) {x, width}, (Column) {x, width}, all, keep);
	compared = compare(f, w, &sums, want);
	check_stated(&compared, text.s);
	/* the value stays what it was */
	compared = compare(f, w, &sums, want);
	check_stated(&compared, "the same again");
	check_reach(f, w, &sums);
	ppdl_where_release(&sums, &f->ev);
	ppdl_where_release(&other, &f->ev);
	ppdl_where_destroy(w);
	ppdl_condition_destroy(c);
	free(x);
	free(keep);
	free(want);
}

static void
packed_rows(void **state)
{
	packed(*state, 16, 2, 2, NULL);
	packed(*state, 16, 1, 0, NULL);
	packed(*state, 11, 2, 1, NULL);	/* of the same form */
	packed(*state, 2, 1, 0, NULL);
	/* the widest */
	packed(*state, PPDL_WHERE_MAX_WIDTH, 1, 2, NULL);
	/* signs, whose product has sixteen times the scale of bits */
	packed(*state, 40, 1, 2, "(x[6] = -1 or x[16] <> -1) and (x[26] <> -1 or x[36] = -1)");
	ppdl_packed_slots_destroy(last_slots);
}

/* ---- rows of the deep ring ---- */

typedef enum Ask
{
	OF_ONE,						/* the condition is about one column */
	OF_BOTH
} Ask;

/* labels: which column they are; writers: every other batch is a writer's */
static void
lifted_of(World *w, int logn, int inputs, int outputs, PpdlWhereLabels labels, Ask ask, int levels, int writers)
{
	Fixture    *f = w->d->f;
	const int	rows = 30 + (int) (next_random(f) % 30),
				width_on = labels == PPDL_WHERE_ON_LABELS ? outputs : inputs,
				width = labels == PPDL_WHERE_VALUES_LABELS ? outputs : inputs;
	const Asked asked = {.width = ask == OF_ONE && labels == PPDL_WHERE_ON_LABELS ? 0 : inputs,
		.labels = ask == OF_BOTH || labels == PPDL_WHERE_ON_LABELS ? outputs : 0,
		.labels_first = labels == PPDL_WHERE_ON_LABELS};
	Rows		r = make_rows_of(w->d, logn, rows, inputs, outputs, BITS, writers);
	WritersKeys keys = {0};
	const Column x = {r.x, inputs},
				y = {r.y, outputs};
	char	   *keep = malloc((size_t) rows);
	long double *want = malloc(sizeof(long double) * (size_t) (1 + width));
	PpdlWhereSet set = {r.ts, labels};
	PpdlWhereSums sums;
	PpdlCondition *c;
	PpdlWhere  *where;
	Compared	compared;
	Text		text;

	if (writers)
	{
		assert_true(r.ts->nbatches > 1);
		keys = make_writers_keys(w->d, &r);
	}
	if (labels == PPDL_WHERE_NO_LABELS)
		drop_labels(&r);
	for (int i = 0; i < rows; i++)
	{
		keep[i] = i == 0 || next_random(f) % 4 != 0;
		if (!keep[i])
			leave_out(&r, i);
	}
	c = random_condition(f, &text, &asked, levels);
	OK(ppdl_where_check(c, f->par, &err));
	OK(ppdl_where_create(&where, f->par, c, width_on, labels == PPDL_WHERE_NO_LABELS ? 0 : width, &err));
	OK(ppdl_where_encode(where, NULL, &err));
	ppdl_where_init(&sums);
	OK(ppdl_where_add_lifted(where, &sums, &f->ev, w->hb, &set, NULL, NULL, &err));
	assert_true(sums.rows == (double) r.ts->rows);
	plain_sums(want, c, labels == PPDL_WHERE_ON_LABELS ? y : x, labels == PPDL_WHERE_VALUES_LABELS ? y : x, rows, keep);
	compared = compare(f, where, &sums, want);
	check_stated(&compared, text.s);
	ppdl_where_release(&sums, &f->ev);
	ppdl_where_destroy(where);
	ppdl_condition_destroy(c);
	free(keep);
	free(want);
	if (writers)
		free_writers_keys(&keys);
	free_rows(&r);
	forget_bridge(w->d);
}

static void
lifted(World *w, int logn, int inputs, int outputs, PpdlWhereLabels labels, Ask ask, int levels)
{
	lifted_of(w, logn, inputs, outputs, labels, ask, levels, 0);
}

static void
lifted_rows(void **state)
{
	lifted(*state, ROW_LOGN, PPDL_WHERE_MAX_WIDTH, 1, PPDL_WHERE_NO_LABELS, OF_ONE, 0);
	lifted(*state, COMPACT_LOGN, 3, 1, PPDL_WHERE_NO_LABELS, OF_ONE, 1);
	lifted(*state, COMPACT_LOGN, 16, 1, PPDL_WHERE_NO_LABELS, OF_ONE, 5);
}

static void
lifted_columns(void **state)
{
	lifted(*state, COMPACT_LOGN, 8, 1, PPDL_WHERE_VALUES_LABELS, OF_BOTH, 2);
	lifted(*state, COMPACT_LOGN, 8, 1, PPDL_WHERE_ON_LABELS, OF_ONE, 0);
	lifted(*state, ROW_LOGN, 16, 3, PPDL_WHERE_ON_LABELS, OF_BOTH, 3);
	lifted(*state, ROW_LOGN, 4, 4, PPDL_WHERE_VALUES_LABELS, OF_BOTH, 1);
}

/* sums over a condition on rows of one column, x, all of them there */
static Compared
lifted_sums(World *w, const char *text, const double *x, int rows, int inputs)
{
	Fixture    *f = w->d->f;
	Rows		r = make_rows_from(w->d, ROW_LOGN, rows, inputs, 1, BITS, 0, x);
	char	   *keep = malloc((size_t) rows);
	long double *want = malloc(sizeof(long double) * (size_t) (1 + inputs));
	PpdlWhereSet set = {r.ts, PPDL_WHERE_NO_LABELS};
	PpdlWhereSums sums;
	PpdlCondition *c;
	PpdlWhere  *where;
	Compared	compared;

	drop_labels(&r);
	memset(keep, 1, (size_t) rows);
	OK(ppdl_condition_parse(&c, text, strlen(text), &err));
	OK(ppdl_where_check(c, f->par, &err));
	OK(ppdl_where_create(&where, f->par, c, inputs, 0, &err));
	OK(ppdl_where_encode(where, NULL, &err));
	ppdl_where_init(&sums);
	OK(ppdl_where_add_lifted(where, &sums, &f->ev, w->hb, &set, NULL, NULL, &err));
	plain_sums(want, c, (Column) {x, inputs}, (Column) {x, inputs}, rows, keep);
	compared = compare(f, where, &sums, want);
	print_message("%.40s: %.0Lf of %d rows, error 2^%.1f, stated 2^%.1f\n", text, want[0], rows,
				  log2(compared.worst), log2(compared.stated));
	ppdl_where_release(&sums, &f->ev);
	ppdl_where_destroy(where);
	ppdl_condition_destroy(c);
	free(keep);
	free(want);
	free_rows(&r);
	forget_bridge(w->d);
	return compared;
}

/* two of six signs at least: a product of 30 signs, whose scale is that of bits */
static void
lifted_signs(void **state)
{
	enum
	{
		rows = 40,
		inputs = 6
	};
	const World *w = *state;
	double		x[rows * inputs];
	Text		t = {""};
	Compared	c;

	for (int i = 0; i < rows * inputs; i++)
		x[i] = next_random(w->d->f) % 4 == 0 ? -1 : 1;
	for (int i = 1; i <= inputs; i++)
		for (int j = i + 1; j <= inputs; j++)
			sprintf(t.s + strlen(t.s), "%sx[%d] = -1 and x[%d] = -1", *t.s == '\0' ? "" : " or ", i, j);
	c = lifted_sums(*state, t.s, x, rows, inputs);
	assert_true(c.worst < 6 * c.stated);
	assert_true(c.stated < 0x1p-10);
}


static void
writers_rows(void **state)
{
	lifted_of(*state, COMPACT_LOGN, 8, 1, PPDL_WHERE_ON_LABELS, OF_ONE, 0, 1);
	lifted_of(*state, ROW_LOGN, 32, 4, PPDL_WHERE_VALUES_LABELS, OF_BOTH, 1, 1);
}

/* ---- numbers ---- */

/* what a row counts, rows in the blur in part: as ppdl_condition_apply */
static double
counted(const PpdlCondition *c, const double *row)
{
	double		value[64];

	for (int i = 0; i < c->leaves; i++)
	{
		const PpdlConditionLeaf *leaf = &c->leaf[i];
		PpdlStep	step[16];

		for (int j = 0; j < leaf->count; j++)
			step[j] = (PpdlStep) {c->threshold[leaf->first + j], j % 2 ? -1 : 1};
		value[i] = leaf->kind == PPDL_CONDITION_BIT ? row[leaf->index] :
			leaf->kind == PPDL_CONDITION_FINE ?
			ppdl_compare_fine_value(ppdl_where_comparison_levels(c), c->threshold + leaf->first, leaf->count,
									row[leaf->index]) :
			ppdl_compare_value(ppdl_where_comparison_levels(c), step, leaf->count, row[leaf->index]);
	}
	for (int i = 0; i < c->products; i++)
	{
		double		product = 1;

		for (int side = 0; side < 2; side++)
		{
			const PpdlConditionFactor f = c->product[i][side];

			product *= f.negated ? 1 - value[f.operand] : value[f.operand];
		}
		value[c->leaves + i] = product;
	}
	return c->root.negated ? 1 - value[c->root.operand] : value[c->root.operand];
}

/* levels: of each comparison; refreshed: of how many sets the comparison is composed */
static void
compare_numbers(World *w, int logn, int inputs, const char *text, int levels, int refreshed)
{
	Fixture    *f = w->d->f;
	const int	rows = 60;
	Rows		r = make_rows_in(w->d, logn, rows, inputs, 1, BITS);
	char	   *keep = malloc((size_t) rows);
	long double *want = calloc((size_t) (1 + inputs), sizeof(long double)),
			   *plain = calloc((size_t) (1 + inputs), sizeof(long double));
	PpdlWhereSet set = {r.ts, PPDL_WHERE_NO_LABELS};
	PpdlWhereSums sums;
	PpdlCondition *c;
	PpdlWhere  *where;
	double		partial = 0;
	Compared	compared;

	drop_labels(&r);
	OK(ppdl_condition_parse(&c, text, strlen(text), &err));
	OK(ppdl_where_check(c, f->par, &err));
	assert_int_equal(ppdl_where_comparison_levels(c), levels);
	assert_int_equal(c->refreshed, refreshed);
	for (int i = 0; i < rows; i++)
	{
		const double *row = r.x + i * inputs;
		double		part;

		keep[i] = i == 0 || next_random(f) % 4 != 0;
		if (!keep[i])
		{
			leave_out(&r, i);
			continue;
		}
		part = counted(c, row);
		partial += fabs(part - ppdl_condition_apply(c, row));
		want[0] += part;
		for (int v = 0; v < inputs; v++)
			want[1 + v] += part * row[v];
	}
	OK(ppdl_where_create(&where, f->par, c, inputs, 0, &err));
	OK(ppdl_where_encode(where, NULL, &err));
	ppdl_where_init(&sums);
	OK(ppdl_where_add_lifted(where, &sums, &f->ev, w->hb, &set, NULL, NULL, &err));
	compared = compare(f, where, &sums, want);
	print_message("%s: %d levels, %.3Lf of %.0Lf rows, error 2^%.1f, stated 2^%.1f\n", text, levels, want[0],
				  (long double) r.ts->rows, log2(compared.worst), log2(compared.stated));
	/* flanks multiply the errors of values; those of composed comparisons by 2^13 at most, but few rows are there */
	assert_true(compared.worst < (refreshed > 0 ? 0x1p-7 : 0x1p-12));
	plain_sums(plain, c, (Column) {r.x, inputs}, (Column) {r.x, inputs}, rows, keep);
	compared = compare(f, where, &sums, plain);
	assert_true(compared.worst < 6 * compared.stated + partial);
	ppdl_where_release(&sums, &f->ev);
	ppdl_where_destroy(where);
	ppdl_condition_destroy(c);
	free(keep);
	free(want);
	free(plain);
	free_rows(&r);
	forget_bridge(w->d);
}

static void
lifted_numbers(void **state)
{
	compare_numbers(*state, ROW_LOGN, 16, "x[10] > 0.3", 10, 0);
	compare_numbers(*state, COMPACT_LOGN, 16, "not (x[2] > 0 and x[2] < 0.5) and (x[1] = 0 or x[16] > -0.25)", 8, 0);
	compare_numbers(*state, ROW_LOGN, 8, "x[2] > 0 or x[4] > 0 and (x[6] > 0 or x[8] > 0 and x[1] = 1)", 6, 0);
}

/* too deep for single comparisons; and one composed, of two sets of thresholds, beside one that is not */
static void
composed_numbers(void **state)
{
	compare_numbers(*state, ROW_LOGN, 16,
					"x[2] > 0 or x[4] > 0 and (x[6] > 0 or x[8] > 0 and (x[1] = 1 or x[10] > 0))", 5, 5);
	compare_numbers(*state, COMPACT_LOGN, 8, "x[2] > 0.1 within 0.001 and x[2] < 0.11 or x[4] < -0.3", 9, 2);
}

/* a column of steps of 0.1 over 0 .. 120, as in doc/statistics.md: those above 65.5 and no others, on real slots */
static void
fine_steps(void **state)
{
	enum
	{
		rows = 120,
		inputs = 2
	};
	double		x[rows * inputs];
	Compared	c;

	for (int i = 0; i < rows; i++)
	{
		x[2 * i] = (65.5 + 0.1 * (i - rows / 2)) / 60 - 1;
		x[2 * i + 1] = i % 2;
	}
	c = lifted_sums(*state, "x[1] > 0.0925 within 0.0008", x, rows, inputs);
	assert_true(c.worst < 6 * c.stated);
	assert_true(c.stated < 0.01);
}

/* what is asked for, what is had */
static void
plans(void **state)
{
	static const struct
	{
		const char *text;
		PpdlWhereHow how;
		int			levels,
					refreshed,
					tells;		/* leaves whose distance is met */
	}			cases[] = {
		{"x[1] > 0.3", PPDL_WHERE_AS_NEEDED, 10, 0, 0},
		{"x[1] > 0.3", PPDL_WHERE_COMPOSED, 10, 1, 0},
		{"x[1] > 0.3 within 0.009", PPDL_WHERE_AS_NEEDED, 10, 0, 1},
		{"x[1] > 0.3 within 0.008", PPDL_WHERE_AS_NEEDED, 10, 1, 1},
		{"x[1] > 0.3 within 0.008", PPDL_WHERE_SINGLE, 10, 0, 0},
		{"x[1] > 0.3 within 0.0001", PPDL_WHERE_AS_NEEDED, 10, 1, 0},
		{"x[1] > 0.3 within 0.008 and x[2] > 0.3", PPDL_WHERE_AS_NEEDED, 9, 1, 1},
		{"x[1] > 0.3 within 0.008 and x[2] > 0.3", PPDL_WHERE_COMPOSED, 9, 1, 1},
		{"x[1] > 0.3 within 0.008 and x[1] < 0.9", PPDL_WHERE_AS_NEEDED, 10, 1, 1},
		{"x[1] > 0.3 within 0.9 and x[1] < 0.32 within 0.001", PPDL_WHERE_AS_NEEDED, 10, 2, 1},
		/* at the end of the interval comparisons are not composed, and tell the better */
		{"x[1] > 0.99999", PPDL_WHERE_COMPOSED, 10, 0, 0},
		{"x[1] > 0.99999 within 0.0002", PPDL_WHERE_AS_NEEDED, 10, 0, 1},
	};
	const PpdlParams *deep;
	Text		t = {""};
	PpdlCondition *c;

	OK(ppdl_params_get(PPDL_RING_DEEP, &deep, &err));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		int			tells = 0;

		OK(ppdl_condition_parse(&c, cases[i].text, strlen(cases[i].text), &err));
		OK(ppdl_where_check_how(c, deep, cases[i].how, &err));
		for (int leaf = 0; leaf < c->leaves; leaf++)
			tells += ppdl_where_tells(c, &c->leaf[leaf]);
		if (ppdl_where_comparison_levels(c) != cases[i].levels || c->refreshed != cases[i].refreshed ||
			tells != cases[i].tells)
			fail_msg("%s: %d levels, %d refreshed, %d tell", cases[i].text, ppdl_where_comparison_levels(c),
					 c->refreshed, tells);
		ppdl_condition_destroy(c);
	}
	/* 64 comparisons; and one more, or one that is not composed */
	for (int i = 1; i <= 64; i++)
		sprintf(t.s + strlen(t.s), "%sx[%d] > 0", i == 1 ? "" : " and ", i);
	OK(ppdl_condition_parse(&c, t.s, strlen(t.s), &err));
	OK(ppdl_where_check(c, deep, &err));
	assert_int_equal(ppdl_where_comparison_levels(c), 4);
	assert_int_equal(ppdl_where_bootstraps(c), 32);
	assert_int_equal(ppdl_where_check_how(c, deep, PPDL_WHERE_SINGLE, &err), PPDL_ERR_LEVEL);
	assert_non_null(strstr(err.message, "takes 12 levels, 6 of them for comparisons of numbers, ring deep16 has 10"));
	ppdl_condition_destroy(c);
	strcat(t.s, " and x[65] > 0");
	OK(ppdl_condition_parse(&c, t.s, strlen(t.s), &err));
	assert_int_equal(ppdl_where_check(c, deep, &err), PPDL_ERR_LEVEL);
	assert_non_null(strstr(err.message, "takes 11 levels, 4 of them for comparisons of numbers, ring deep16 has 10"));
	assert_non_null(strstr(err.hint, "64 comparisons"));
	ppdl_condition_destroy(c);
	strcpy(strstr(t.s, "x[40] > 0"), "x[40] > 0.99999");
	OK(ppdl_condition_parse(&c, t.s, strlen(t.s), &err));
	assert_int_equal(ppdl_where_check(c, deep, &err), PPDL_ERR_LEVEL);
	assert_non_null(strstr(err.message, "takes 12 levels, 6 of them for comparisons of numbers"));
	ppdl_condition_destroy(c);
}

/* what a condition is said to take grows with what is in it, and with the rows' width */
static void
rates(void **state)
{
	static const struct
	{
		const char *text;
		int			width;
		PpdlWhereHow how;
	}			cases[] = {
		{"x[1] = 1", 16, PPDL_WHERE_SINGLE},
		{"x[1] = 1 and x[3] = 1", 16, PPDL_WHERE_SINGLE},
		{"x[1] = 1 and x[3] = 0 or x[1] = 0 and x[3] = 1", 16, PPDL_WHERE_SINGLE},
		{"x[1] = 1 or x[3] = 1 and (x[7] = 1 or x[9] = 1 and x[2] > 0.25)", 16, PPDL_WHERE_SINGLE},
		{"x[1] = 1 or x[3] = 1 and x[2] > 0.25", 16, PPDL_WHERE_SINGLE},
		{"x[2] > 0.25", 16, PPDL_WHERE_SINGLE},
		{"x[2] > 0.25", 16, PPDL_WHERE_COMPOSED},
		{"x[2] > 0.25 and x[4] < 0.25", 16, PPDL_WHERE_COMPOSED},
		{"x[2] > 0.25 and x[4] < 0.25 and x[6] > 0", 16, PPDL_WHERE_COMPOSED},
		{"x[2] > 0.25 and x[4] < 0.25 and x[6] > 0", 256, PPDL_WHERE_COMPOSED},
	};
	const PpdlParams *deep;
	double		before = INFINITY;

	OK(ppdl_params_get(PPDL_RING_DEEP, &deep, &err));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PpdlCondition *c;
		double		rate;

		OK(ppdl_condition_parse(&c, cases[i].text, strlen(cases[i].text), &err));
		OK(ppdl_where_check_how(c, deep, cases[i].how, &err));
		rate = ppdl_where_rows_per_s(c, deep, cases[i].width);
		print_message("%s, %d values: %.0f rows/s\n", cases[i].text, cases[i].width, rate);
		assert_true(rate > 0 && rate < before);
		before = rate;
		ppdl_condition_destroy(c);
	}
}

/*
 * All rows alike, where a comparison is off by the most: errors that add up, and eight times, as the condition is the
 * eighth power of the comparison where no bit is set.
 */
static void
equal_rows(void **state)
{
	enum
	{
		rows = 128,
		inputs = 16
	};
	const PpdlStep step = {0, 1};
	const int	levels = 6;
	double	   *x = calloc(rows * inputs, sizeof(double)),
				below,
				above,
				worst = 0,
				least = 1;
	Text		t = {""};
	Compared	c;

	ppdl_compare_blur(levels, 0, &below, &above);
	for (int i = 0; i <= 1000; i++)
	{
		const double at = above + (1 - above) * i / 1000,
					v = ppdl_compare_value(levels, &step, 1, at);

		if (v >= least)
			continue;
		least = v;
		worst = at;
	}
	for (int i = 0; i < rows; i++)
		x[i * inputs + 1] = worst;
	for (int i = 1; i < inputs; i += 2)
		sprintf(t.s + strlen(t.s), "%s(x[2] > 0 or x[%d] = 1)", i == 1 ? "" : " and ", i);
	c = lifted_sums(*state, t.s, x, rows, inputs);
	assert_true(fabs(c.worst - rows * (1 - pow(least, 8))) < 0x1p-8);
	assert_true(c.worst < 4.5 * c.stated);
	assert_true(c.worst > c.stated / 4);
	free(x);
}

/* what a session keeps for the condition that it used last: little, for the widest rows in either ring */
static void
tables(void **state)
{
	static const struct
	{
		const char *text;
		int			width;
		size_t		most;
	}			cases[] = {
		{"x[1] = 1 and x[3] = 1", 256, 1060000},	/* masks */
		{"x[1] = 1", 256, 3600000},	/* a linear transform */
		{"x[1] = 1 and x[3] = 1", 16, 6000},
		{"x[1] = 1", 16, 20000},
	};

	for (int ring = 0; ring < 2; ring++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		{
			const PpdlParams *par;
			PpdlCondition *c;
			PpdlWhere  *w;

			OK(ppdl_params_get(ring == 0 ? PPDL_RING_ROW : PPDL_RING_DEEP, &par, &err));
			OK(ppdl_condition_parse(&c, cases[i].text, strlen(cases[i].text), &err));
			OK(ppdl_where_check(c, par, &err));
			OK(ppdl_where_create(&w, par, c, cases[i].width, 0, &err));
			assert_int_equal(ppdl_where_bytes(w), 0);
			OK(ppdl_where_encode(w, NULL, &err));
			print_message("%s, %d values, ring %s: %zu bytes\n", cases[i].text, cases[i].width, par->name,
						  ppdl_where_bytes(w));
			assert_in_range(ppdl_where_bytes(w), 1, cases[i].most);
			ppdl_where_destroy(w);
			ppdl_condition_destroy(c);
		}
}

/* ---- what is refused ---- */

static void
refused(void **state)
{
	const Fixture *f = *state;
	const char *deep = "x[1] = 0 or x[2] = 0 and (x[1] = 1 or x[3] = 0 and (x[2] = 1 or x[3] = 1))",
			   *number = "x[1] = 1 and x[2] > 0.25";
	PpdlCondition *c;
	PpdlWhere  *w;
	PpdlWhereSums sums;
	PpdlCt		ct;

	OK(ppdl_condition_parse(&c, deep, strlen(deep), &err));
	assert_int_equal(ppdl_where_check(c, f->par, &err), PPDL_ERR_LEVEL);
	assert_non_null(strstr(err.message, "takes 5 levels of products, ring row14 has 2"));
	assert_int_equal(ppdl_where_create(&w, f->par, c, 4, 0, &err), PPDL_ERR_LEVEL);
	assert_null(w);
	ppdl_condition_destroy(c);
	OK(ppdl_condition_parse(&c, number, strlen(number), &err));
	assert_int_equal(ppdl_where_check(c, f->par, &err), PPDL_ERR_LEVEL);
	ppdl_condition_destroy(c);
	OK(ppdl_condition_parse(&c, "x[5] = 1", 8, &err));
	OK(ppdl_where_check(c, f->par, &err));
	assert_int_equal(ppdl_where_create(&w, f->par, c, 4, 0, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "x[5]"));
	assert_int_equal(ppdl_where_create(&w, f->par, c, 257, 0, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_where_create(&w, f->par, c, 1, 0, &err), PPDL_ERR_ARGUMENT);
	OK(ppdl_where_create(&w, f->par, c, 8, 0, &err));
	ppdl_where_init(&sums);
	assert_int_equal(ppdl_where_result(w, &sums, (PpdlEval *) &f->ev, &ct, &err), PPDL_ERR_ARGUMENT);
	ppdl_where_destroy(w);
	ppdl_condition_destroy(c);
}

int
main(void)
{
	const struct CMUnitTest packed[] = {
		cmocka_unit_test(packed_rows),
		cmocka_unit_test(tables),
		cmocka_unit_test(refused),
	};
	const struct CMUnitTest deep[] = {
		cmocka_unit_test(lifted_rows),
		cmocka_unit_test(lifted_columns),
		cmocka_unit_test(lifted_signs),
		cmocka_unit_test(writers_rows),
		cmocka_unit_test(lifted_numbers),
		cmocka_unit_test(composed_numbers),
		cmocka_unit_test(fine_steps),
		cmocka_unit_test(plans),
		cmocka_unit_test(rates),
		cmocka_unit_test(equal_rows),
	};

	return cmocka_run_group_tests_name("conditions, lifted rows", deep, set_up_lifted, tear_down_lifted) +
		cmocka_run_group_tests_name("conditions, packed rows", packed, set_up_packed, tear_down_packed);
}
