/* Rows encrypted anew under another key: values, form, partners; what the old key reads of them. */
#include "rows_util.h"

#include "owner/owner_impl.h"
#include "owner/rekey.h"
#include "owner/rekey_manifest.h"
#include "owner/row_batch.h"
#include "owner/table_check.h"
#include "rows/encoding.h"
#include "rows/partner.h"
#include "rows/row.h"
#include "rows/row_set.h"

#define MOST 400				/* rows of a table */

static PpdlOwner *from,
		   *to;

typedef struct Bytes
{
	uint8_t    *data;			/* NULL: no value */
	size_t		len;
} Bytes;

/* a table of rows with features and a label, before and after */
typedef struct Table
{
	int			rows,
				inputs,
				outputs,
				put;			/* rows that came back */
	double		x[MOST * 8],
				y[MOST * 16];
	Bytes		old[MOST][2],
				new[MOST][2];
	int			came[MOST];
} Table;

static Bytes
copy(const uint8_t *data, size_t len)
{
	Bytes		b = {malloc(len + 1), len};

	memcpy(b.data, data, len);
	return b;
}

/* rows more, of one run of ppdl encrypt; labels: 0 none, 1 all, 2 some */
static void
add_rows(Table *t, const PpdlRowShape *shape, int rows, int labels)
{
	PpdlRowBatch b;
	int			capacity;

	OK(ppdl_row_batch_init(&b, shape, ERR));
	t->inputs = shape->inputs;
	t->outputs = shape->outputs;
	capacity = b.capacity;
	for (int done = 0; done < rows;)
	{
		const int	n = rows - done < capacity ? rows - done : capacity,
					at = t->rows;

		for (int i = 0; i < n * t->inputs; i++)
			t->x[at * t->inputs + i] = test_below(8) == 0 ? 1 - 2 * test_below(2) : test_value();
		for (int i = 0; i < n * t->outputs; i++)
			t->y[at * t->outputs + i] = test_value();
		OK(ppdl_row_batch_encrypt(&b, from, t->x + at * t->inputs, t->y + at * t->outputs, n, ERR));
		for (int i = 0; i < n; i++)
		{
			t->old[at + i][0] = copy(ppdl_row_batch_features(&b, i), b.slice[0]);
			if (labels == 1 || (labels == 2 && test_below(2)))
				t->old[at + i][1] = copy(ppdl_row_batch_label(&b, i), b.slice[1]);
		}
		t->rows += n;
		done += n;
	}
	ppdl_row_batch_free(&b);
}

/* PpdlRekeyPut */
static PpdlStatus
take(void *arg, const uint8_t *tag, const PpdlRekeyValue *value, PpdlError *err)
{
	Table	   *t = arg;
	int			i;

	memcpy(&i, tag, sizeof(i));
	assert_in_range(i, 0, t->rows - 1);
	assert_int_equal(t->came[i]++, 0);
	t->put++;
	for (int c = 0; c < 2; c++)
		if (value[c].data != NULL)
			t->new[i][c] = copy(value[c].data, value[c].len);
	return PPDL_OK;
}

static PpdlStatus
add_row(PpdlRekeyer *r, const Table *t, int i)
{
	uint8_t		tag[PPDL_REKEY_TAG] = {0};

	memcpy(tag, &i, sizeof(i));
	return ppdl_rekeyer_add(r, tag, (PpdlRekeyValue[]) {{t->old[i][0].data, t->old[i][0].len},
							{t->old[i][1].data, t->old[i][1].len}}, ERR);
}

static uint64_t
rekey(Table *t)
{
	PpdlRekeyer *r;
	uint64_t	loose;

	OK(ppdl_rekeyer_create(&r, from, to, 2, take, t, ERR));
	for (int i = 0; i < t->rows; i++)
		OK(add_row(r, t, i));
	OK(ppdl_rekeyer_flush(r, ERR));
	loose = ppdl_rekeyer_loose(r);
	ppdl_rekeyer_destroy(r);
	assert_int_equal(t->put, t->rows);
	return loose;
}

static void
table_free(Table *t)
{
	for (int i = 0; i < t->rows; i++)
		for (int c = 0; c < 2; c++)
		{
			free(t->old[i][c].data);
			free(t->new[i][c].data);
		}
	free(t);
}

/* the same values within both errors, the same form, under the new key alone */
static void
check_value(const Bytes *old, const Bytes *new, const double *x)
{
	PpdlCipher	a,
				b;
	PpdlValues	v;
	uint64_t	ea,
				eb;

	OK(ppdl_cipher_validate(new->data, new->len, ERR));
	OK(ppdl_cipher_parse(&a, old->data, old->len, ERR));
	OK(ppdl_cipher_parse(&b, new->data, new->len, ERR));
	assert_ptr_equal(a.par, b.par);
	assert_int_equal(a.kind, b.kind);
	assert_int_equal(a.limbs, b.limbs);
	assert_int_equal(a.width, b.width);
	assert_int_equal(a.logc, b.logc);
	assert_true(a.scale == b.scale);
	assert_int_equal(old->len, new->len);
	OK(ppdl_cipher_encoding(&a, &ea, ERR));
	OK(ppdl_cipher_encoding(&b, &eb, ERR));
	assert_true(ea == eb);
	assert_memory_equal(b.fingerprint, ppdl_owner_fingerprint(to), PPDL_FINGERPRINT_BYTES);
	assert_memory_not_equal(a.seed, b.seed, PPDL_SEED_BYTES);
	FAILS(PPDL_ERR_KEY, ppdl_owner_decrypt(from, &v, new->data, new->len, 0, ERR));
	OK(ppdl_owner_decrypt(to, &v, new->data, new->len, 0, ERR));
	for (int f = 0; f < v.width; f++)
		assert_true(fabs(v.v[f] - x[f]) < 12 * PPDL_SIGMA / a.scale);
	ppdl_values_free(&v);
}

static void
check_values(const Table *t)
{
	for (int i = 0; i < t->rows; i++)
		for (int c = 0; c < 2; c++)
		{
			assert_int_equal(t->old[i][c].data == NULL, t->new[i][c].data == NULL);
			if (t->old[i][c].data != NULL)
				check_value(&t->old[i][c], &t->new[i][c],
							c ? t->y + i * t->outputs : t->x + i * t->inputs);
		}
}

/* training takes every row that has a label */
static void
check_partners(const Table *t)
{
	PpdlTrainSet *set;

	OK(ppdl_trainset_create(&set, ERR));
	for (int i = 0; i < t->rows; i++)
	{
		PpdlCipher	x,
					y;
		int			named;

		if (t->new[i][1].data == NULL)
			continue;
		OK(ppdl_cipher_parse(&x, t->new[i][0].data, t->new[i][0].len, ERR));
		OK(ppdl_cipher_parse(&y, t->new[i][1].data, t->new[i][1].len, ERR));
		OK(ppdl_partner_named(y.seed, &named, ERR));
		assert_true(named);
		OK(ppdl_partner_check(x.seed, y.seed, ERR));
		assert_int_equal(ppdl_slice_index(&x) << x.logk, ppdl_slice_index(&y) << y.logk);
		/* labels that are wider are nothing to train on */
		if (y.logk <= x.logk)
			OK(ppdl_trainset_add(set, &x, &y, (uint32_t) i, ERR));
	}
	ppdl_trainset_destroy(set);
}

static void
random_tables(void **state)
{
	test_seed("random_tables");
	for (int run = 0; run < 8; run++)
	{
		Table	   *t = calloc(1, sizeof(*t));
		PpdlRowShape shape = {.inputs = 1 + test_below(8), .outputs = 1 + test_below(run % 5 == 0 ? 16 : 3),
			.compact = test_below(2), .scale_bits = 20 + test_below(21), .batch_rows = 1 << test_below(7)};

		if (test_below(2))
			OK(ppdl_encoding_draw(&shape.encoding, ERR));
		add_rows(t, &shape, 1 + test_below(MOST - 1), 1 + test_below(2));
		assert_int_equal(rekey(t), 0);
		check_values(t);
		check_partners(t);
		table_free(t);
	}
}

/* rows of many forms in turn, more than there are open batches: none is lost, each keeps its form */
static void
mixed_forms(void **state)
{
	Table	   *t = calloc(1, sizeof(*t));

	test_seed("mixed_forms");
	for (int i = 0; i < 24; i++)
	{
		const PpdlRowShape shape = {.inputs = 5, .outputs = 1, .compact = i & 1, .scale_bits = 24 + i / 2 % 6,
			.batch_rows = 16};

		add_rows(t, &shape, 3, 2);
	}
	rekey(t);
	check_values(t);
	table_free(t);
}

/* batches become whole again when rows of them were deleted */
static void
fills_batches(void **state)
{
	const PpdlRowShape shape = {.inputs = 4, .outputs = 1, .compact = 1, .scale_bits = 30, .batch_rows = 16};
	Table	   *t = calloc(1, sizeof(*t)),
			   *left = calloc(1, sizeof(*left));
	int			seeds = 0;

	test_seed("fills_batches");
	add_rows(t, &shape, 256, 1);
	left->inputs = t->inputs;
	left->outputs = t->outputs;
	for (int i = 0; i < 256; i += 4)
	{
		memcpy(left->x + left->rows * 4, t->x + i * 4, 4 * sizeof(double));
		left->y[left->rows] = t->y[i];
		for (int c = 0; c < 2; c++)
			left->old[left->rows][c] = copy(t->old[i][c].data, t->old[i][c].len);
		left->rows++;
	}
	assert_int_equal(rekey(left), 0);
	check_values(left);
	check_partners(left);
	for (int i = 0; i < left->rows; i++)
	{
		int			seen = 0;

		for (int k = 0; k < i; k++)
			seen |= memcmp(ppdl_slice_seed(left->new[i][0].data), ppdl_slice_seed(left->new[k][0].data),
						   PPDL_SEED_BYTES) == 0;
		seeds += !seen;
	}
	assert_int_equal(seeds, 64 / 16);
	table_free(t);
	table_free(left);
}

/* rows of 0.1.0: labels that name nothing, but lie in the places of the first column's rows */
static void
unnamed_labels(void **state)
{
	const int	rows = 100;
	const PpdlBatchOptions wide = {.limbs = 1, .scale_bits = 30, .logc = 7, .ring = PPDL_RING_COMPACT};
	const PpdlParams *par;
	PpdlBatchOptions narrow;
	Table	   *t = calloc(1, sizeof(*t));
	uint8_t    *out;
	size_t		size;

	test_seed("unnamed_labels");
	OK(ppdl_params_get(PPDL_RING_COMPACT, &par, ERR));
	narrow = ppdl_batch_beside(&wide, par, 3, 0);
	t->rows = rows;
	t->inputs = 8;
	t->outputs = 1;
	for (int i = 0; i < rows * 8; i++)
		t->x[i] = test_value();
	for (int i = 0; i < rows; i++)
		t->y[i] = test_value();
	for (int c = 0; c < 2; c++)
	{
		size = ppdl_slice_size(par, 1, c ? 0 : 3);
		out = malloc(rows * size);
		OK(ppdl_owner_encrypt(from, out, c ? t->y : t->x, rows, c ? 1 : 8, c ? &narrow : &wide, ERR));
		for (int i = 0; i < rows; i++)
			t->old[i][c] = copy(out + i * size, size);
		free(out);
	}
	assert_int_equal(rekey(t), 0);
	check_values(t);
	check_partners(t);
	table_free(t);
}

/* headers that only a server can have written: batches of labels larger than those of the features beside them */
static void
unlike_batches(void **state)
{
	const PpdlBatchOptions small = {.limbs = 1, .scale_bits = 30, .logc = 2, .ring = PPDL_RING_COMPACT},
				large = {.limbs = 1, .scale_bits = 30, .logc = 7, .ring = PPDL_RING_COMPACT};
	const PpdlParams *par;
	Table	   *t = calloc(1, sizeof(*t));
	uint8_t    *out;

	test_seed("unlike_batches");
	OK(ppdl_params_get(PPDL_RING_COMPACT, &par, ERR));
	t->rows = 20;
	t->inputs = 1;
	t->outputs = 8;
	out = malloc(ppdl_slice_size(par, 1, 3));
	for (int i = 0; i < t->rows; i++)
	{
		t->x[i] = test_value();
		for (int j = 0; j < 8; j++)
			t->y[i * 8 + j] = test_value();
		OK(ppdl_owner_encrypt(from, out, &t->x[i], 1, 1, &small, ERR));
		t->old[i][0] = copy(out, ppdl_slice_size(par, 1, 0));
		/* the first row has no label yet when the room of its batch is measured */
		if (i == 0)
			continue;
		OK(ppdl_owner_encrypt(from, out, &t->y[i * 8], 1, 8, &large, ERR));
		t->old[i][1] = copy(out, ppdl_slice_size(par, 1, 3));
	}
	free(out);
	assert_int_equal(rekey(t), 0);
	for (int i = 0; i < t->rows; i++)
		for (int c = 0; c < 2; c++)
		{
			const double *x = c ? &t->y[i * 8] : &t->x[i];
			PpdlValues	v;

			assert_int_equal(t->new[i][c].data == NULL, t->old[i][c].data == NULL);
			if (t->new[i][c].data == NULL)
				continue;
			OK(ppdl_owner_decrypt(to, &v, t->new[i][c].data, t->new[i][c].len, 0, ERR));
			for (int f = 0; f < v.width; f++)
				assert_true(fabs(v.v[f] - x[f]) < ldexp(12 * PPDL_SIGMA, -30));
			ppdl_values_free(&v);
		}
	table_free(t);
}

/* labels without their features keep their values, and are counted */
static void
loose_labels(void **state)
{
	const PpdlRowShape shape = {.inputs = 4, .outputs = 1, .compact = 1, .scale_bits = 30, .batch_rows = 16};
	Table	   *t = calloc(1, sizeof(*t));

	test_seed("loose_labels");
	add_rows(t, &shape, 40, 1);
	for (int i = 0; i < 40; i += 2)
	{
		free(t->old[i][0].data);
		t->old[i][0].data = NULL;
	}
	/* two labels changed their rows: places no longer fit, or seeds */
	for (int c = 0; c < 1; c++)
	{
		Bytes		b = t->old[1][1];
		double		y = t->y[1];

		t->old[1][1] = t->old[39][1];
		t->old[39][1] = b;
		t->y[1] = t->y[39];
		t->y[39] = y;
	}
	assert_int_equal(rekey(t), 22);
	check_values(t);
	table_free(t);
}

/* what was the old noise is not the new one: whoever has the old key would read the new off it */
static void
fresh_noise(void **state)
{
	const PpdlRowShape shape = {.inputs = 8, .compact = 1, .scale_bits = 30};
	Table	   *t = calloc(1, sizeof(*t));
	double		squares = 0;
	int			same = 0,
				n = 0;

	test_seed("fresh_noise");
	add_rows(t, &shape, MOST, 0);
	rekey(t);
	for (int i = 0; i < t->rows; i++)
	{
		PpdlValues	a,
					b;

		OK(ppdl_owner_decrypt(from, &a, t->old[i][0].data, t->old[i][0].len, 0, ERR));
		OK(ppdl_owner_decrypt(to, &b, t->new[i][0].data, t->new[i][0].len, 0, ERR));
		for (int f = 0; f < 8; f++)
		{
			const double d = ldexp(b.v[f] - a.v[f], 30);

			same += fabs(d) < 0.5;
			squares += d * d;
			n++;
		}
		ppdl_values_free(&a);
		ppdl_values_free(&b);
	}
	/* a Gaussian of deviation PPDL_SIGMA: one in eight is 0 */
	assert_in_range(same, n / 12, n / 6);
	assert_true(fabs(sqrt(squares / n) / PPDL_SIGMA - 1) < 0.15);
	table_free(t);
}

static void
refuses(void **state)
{
	const PpdlRowShape shape = {.inputs = 4, .outputs = 1, .compact = 1, .scale_bits = 30, .batch_rows = 16};
	Table	   *t = calloc(1, sizeof(*t));
	PpdlRekeyer *r;
	PpdlCipher	c;

	test_seed("refuses");
	FAILS(PPDL_ERR_ARGUMENT, ppdl_rekeyer_create(&r, from, to, 0, take, t, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_rekeyer_create(&r, from, to, PPDL_REKEY_COLUMNS + 1, take, t, ERR));
	add_rows(t, &shape, 20, 1);
	/* of another key: the one that is to be left behind is named */
	OK(ppdl_rekeyer_create(&r, to, from, 2, take, t, ERR));
	FAILS(PPDL_ERR_KEY, add_row(r, t, 0));
	ppdl_rekeyer_destroy(r);
	OK(ppdl_rekeyer_create(&r, from, to, 2, take, t, ERR));
	t->old[1][0].len--;
	FAILS(PPDL_ERR_FORMAT, add_row(r, t, 1));
	t->old[1][0].len++;
	/* a value of another kind */
	OK(ppdl_cipher_parse(&c, t->old[2][0].data, t->old[2][0].len, ERR));
	t->old[2][0].data[3] = PPDL_KIND_PACKED;
	assert_int_not_equal(add_row(r, t, 2), PPDL_OK);
	assert_int_equal(t->put, 0);
	ppdl_rekeyer_destroy(r);
	table_free(t);
}

/* ---- receipts ---- */

static const char *const bound_names[] = {"ward"};
static int	first_id;			/* of row 0 */

/* id and ward of row i */
static PpdlRowNote
note_of(int i, char id[16], PpdlWriter *bound)
{
	const char *const ward[] = {i % 2 ? "A" : "B"};
	const size_t len[] = {1};

	bound->len = 0;
	snprintf(id, 16, "p%d", first_id + i);
	OK(ppdl_bound_write(bound, ward, len, 1, ERR));
	return (PpdlRowNote) {id, strlen(id), bound->buf, bound->len};
}

static Bytes
tagged(PpdlReceiptKey *k, const Bytes *slice, const PpdlRowNote *note)
{
	PpdlCipher	c;
	Bytes		b;

	OK(ppdl_cipher_parse(&c, slice->data, slice->len, ERR));
	b.len = slice->len + ppdl_tag_bytes(c.limbs);
	b.data = malloc(b.len);
	OK(ppdl_receipt_tag_row(k, b.data, slice->data, slice->len, note, ERR));
	return b;
}

/* receipts for all rows, every seventh has none */
static PpdlManifest *
tag_table(Table *t)
{
	PpdlManifest *m;
	PpdlReceiptKey *key[2];
	PpdlWriter	bound;

	ppdl_writer_init(&bound);
	OK(ppdl_manifest_create(&m, from, "patients", bound_names, 1, ERR));
	for (int c = 0; c < 2; c++)
	{
		const PpdlReceiptDomain d = ppdl_manifest_domain(m, c);

		OK(ppdl_receipt_key_create(&key[c], from, &d, ERR));
	}
	for (int i = 0; i < t->rows; i++)
	{
		char		id[16];
		const PpdlRowNote note = note_of(i, id, &bound);
		uint32_t	number;

		if (i % 7 == 6)
			continue;
		OK(ppdl_manifest_add(m, &note, &number, ERR));
		for (int c = 0; c < 2; c++)
			if (t->old[i][c].data != NULL)
			{
				const Bytes b = tagged(key[c], &t->old[i][c], &note);
				PpdlCipher	parsed;

				free(t->old[i][c].data);
				t->old[i][c] = b;
				OK(ppdl_cipher_parse(&parsed, b.data, b.len, ERR));
				OK(ppdl_manifest_place(m, number, c, &parsed, ERR));
			}
	}
	for (int c = 0; c < 2; c++)
		ppdl_receipt_key_destroy(key[c]);
	ppdl_writer_free(&bound);
	return m;
}

static void
rekey_tagged(Table *t, const PpdlManifests *m)
{
	PpdlRekeyer *r;

	OK(ppdl_rekeyer_create(&r, from, to, 2, take, t, ERR));
	OK(ppdl_rekeyer_manifests(r, m, ERR));
	for (int i = 0; i < t->rows; i++)
		OK(add_row(r, t, i));
	OK(ppdl_rekeyer_flush(r, ERR));
	ppdl_rekeyer_destroy(r);
	assert_int_equal(t->put, t->rows);
}

/* a new row of one table takes the place of an old one of another */
static PpdlStatus
note_new(PpdlRekeyManifest *k, const Table *t, int before, const Table *u, int after)
{
	PpdlRekeyValue old[2],
				new[2];

	for (int c = 0; c < 2; c++)
	{
		old[c] = (PpdlRekeyValue) {t->old[before][c].data, t->old[before][c].len};
		new[c] = (PpdlRekeyValue) {u->new[after][c].data, u->new[after][c].len};
	}
	return ppdl_rekey_manifest_add(k, old, new, 2, ERR);
}

static PpdlStatus
note_row(PpdlRekeyManifest *k, const Table *t, int before, int after)
{
	return note_new(k, t, before, t, after);
}

/* PpdlRowFound: rows without receipt are as they were */
static PpdlStatus
only_unsigned(void *arg, const PpdlRowFinding *f, PpdlError *err)
{
	assert_int_equal(f->fault, PPDL_ROW_UNSIGNED);
	++*(int *) arg;
	return PPDL_OK;
}

/* the new rows against the new manifest */
static void
check_table(const Table *t, PpdlManifest *m)
{
	const PpdlManifests all = {&m, 1};
	PpdlTableCheck *check;
	PpdlWriter	bound;
	int			unsigned_values = 0,
				want = 0;

	ppdl_writer_init(&bound);
	OK(ppdl_table_check_create(&check, to, &all, only_unsigned, &unsigned_values, ERR));
	for (int i = 0; i < t->rows; i++)
	{
		char		id[16];
		PpdlTableRow row = {.note = note_of(i, id, &bound)};

		for (int c = 0; c < 2; c++)
		{
			row.value[c].data = t->new[i][c].data;
			row.value[c].len = t->new[i][c].len;
			want += i % 7 == 6 && t->new[i][c].data != NULL;
		}
		OK(ppdl_table_check_row(check, &row, NULL, ERR));
	}
	OK(ppdl_table_check_finish(check, 2, ERR));
	assert_int_equal(unsigned_values, want);
	ppdl_table_check_destroy(check);
	ppdl_writer_free(&bound);
}

static void
receipts(void **state)
{
	test_seed("receipts");
	for (int compact = 0; compact < 2; compact++)
	{
		const PpdlRowShape shape = {.inputs = 4, .outputs = 1, .compact = compact, .scale_bits = 30, .batch_rows = 32};
		Table	   *t = calloc(1, sizeof(*t));
		PpdlManifest *old,
				   *new;
		const PpdlManifests olds = {&old, 1};
		PpdlRekeyManifest *k;
		const char *id;
		size_t		len;
		uint32_t	rows;

		add_rows(t, &shape, 100, 2);
		old = tag_table(t);
		rekey_tagged(t, &olds);
		check_values(t);
		check_partners(t);
		OK(ppdl_manifest_create(&new, to, "patients", bound_names, 1, ERR));
		OK(ppdl_rekey_manifest_create(&k, from, to, &olds, new, ERR));
		/* what a server could bring together wrongly: another row, rows twice, old for new */
		FAILS(PPDL_ERR_KEY, note_row(k, t, 1, 2));
		ppdl_rekey_manifest_destroy(k);
		OK(ppdl_rekey_manifest_create(&k, from, to, &olds, new, ERR));
		for (int i = 0; i < t->rows; i++)
		{
			if (i == 50)
			{
				assert_int_equal(ppdl_rekey_manifest_missing(k, &id, &len), 50 - 7);
				assert_true(len == 3 && memcmp(id, "p50", 3) == 0);
				FAILS(PPDL_ERR_KEY, note_row(k, t, 9, 9));
			}
			OK(note_row(k, t, i, i));
		}
		assert_int_equal(ppdl_rekey_manifest_missing(k, &id, &len), 0);
		ppdl_rekey_manifest_destroy(k);
		check_table(t, new);
		/* again into what an attempt left that failed at its very end */
		rows = ppdl_manifest_rows(new);
		OK(ppdl_rekey_manifest_create(&k, from, to, &olds, new, ERR));
		for (int i = 0; i < t->rows; i++)
			OK(note_row(k, t, i, i));
		assert_int_equal(ppdl_rekey_manifest_missing(k, &id, &len), 0);
		ppdl_rekey_manifest_destroy(k);
		assert_int_equal(ppdl_manifest_rows(new), rows);
		check_table(t, new);
		ppdl_manifest_destroy(new);
		ppdl_manifest_destroy(old);
		table_free(t);
	}
}

static void
refused_receipts(void **state)
{
	const PpdlRowShape shape = {.inputs = 4, .outputs = 1, .compact = 1, .scale_bits = 30, .batch_rows = 32};
	Table	   *t = calloc(1, sizeof(*t));
	PpdlRekeyer *r;
	PpdlManifest *m,
			   *empty;
	const PpdlManifests of_m = {&m, 1},
				of_empty = {&empty, 1};

	test_seed("refused_receipts");
	add_rows(t, &shape, 10, 1);
	m = tag_table(t);
	OK(ppdl_manifest_create(&empty, from, "patients", bound_names, 1, ERR));
	OK(ppdl_rekeyer_create(&r, from, to, 2, take, t, ERR));
	FAILS(PPDL_ERR_ARGUMENT, add_row(r, t, 0));
	OK(ppdl_rekeyer_manifests(r, &of_m, ERR));
	t->old[1][0].data[t->old[1][0].len - 50] ^= 1;
	FAILS(PPDL_ERR_KEY, add_row(r, t, 1));
	assert_non_null(strstr(test_error.message, "\"p1\" is not what was encrypted"));
	assert_int_equal(ppdl_manifest_forget(m, "p2", 2), 1);
	FAILS(PPDL_ERR_KEY, add_row(r, t, 2));
	assert_non_null(strstr(test_error.message, "\"p2\" is an old version"));
	ppdl_rekeyer_destroy(r);
	OK(ppdl_rekeyer_create(&r, from, to, 2, take, t, ERR));
	OK(ppdl_rekeyer_manifests(r, &of_empty, ERR));
	FAILS(PPDL_ERR_KEY, add_row(r, t, 3));
	ppdl_rekeyer_destroy(r);
	assert_int_equal(t->put, 0);
	ppdl_manifest_destroy(m);
	ppdl_manifest_destroy(empty);
	table_free(t);
}

/* a table of rows of that key, with receipts */
static Table *
table_of(PpdlOwner *o, int id, PpdlManifest **m)
{
	const PpdlRowShape shape = {.inputs = 4, .outputs = 1, .compact = 1, .scale_bits = 30, .batch_rows = 32};
	PpdlOwner  *const owner = from;
	Table	   *t = calloc(1, sizeof(*t));

	from = o;
	first_id = id;
	add_rows(t, &shape, 40, 2);
	*m = tag_table(t);
	from = owner;
	first_id = 0;
	return t;
}

static void
note_table(PpdlRekeyManifest *k, const Table *t)
{
	for (int i = 0; i < t->rows; i++)
		OK(note_row(k, t, i, i));
}

/* rows of the old key and of one of its writers, each with its manifest, go into one of the new key */
static void
receipts_of_writers(void **state)
{
	PpdlManifest *m[3],
			   *same[2],
			   *new;
	const PpdlManifests both = {m, 2},
				alone = {m, 1},
				clash = {same, 2};
	PpdlRekeyManifest *k;
	PpdlRekeyer *r;
	PpdlOwner  *ward;
	Table	   *t[3];
	const char *id;
	size_t		len;

	test_seed("receipts_of_writers");
	OK(ppdl_owner_generate_writer(&ward, "ward", ppdl_owner_fingerprint(from), ERR));
	t[0] = table_of(from, 0, &m[0]);
	t[1] = table_of(ward, 1000, &m[1]);
	t[2] = table_of(ward, 0, &m[2]);
	/* a manifest of a key that is not here */
	OK(ppdl_rekeyer_create(&r, from, to, 2, take, t[1], ERR));
	FAILS(PPDL_ERR_KEY, ppdl_rekeyer_manifests(r, &both, ERR));
	ppdl_rekeyer_destroy(r);
	from->writer = malloc(sizeof(PpdlOwner *));
	assert_non_null(from->writer);
	from->writer[0] = ward;
	from->writers = 1;
	/* no manifest of a key */
	OK(ppdl_rekeyer_create(&r, from, to, 2, take, t[1], ERR));
	OK(ppdl_rekeyer_manifests(r, &alone, ERR));
	FAILS(PPDL_ERR_ARGUMENT, add_row(r, t[1], 1));
	ppdl_rekeyer_destroy(r);
	OK(ppdl_manifest_create(&new, to, "patients", bound_names, 1, ERR));
	for (int i = 0; i < 2; i++)
	{
		rekey_tagged(t[i], &both);
		check_values(t[i]);
		check_partners(t[i]);
	}
	OK(ppdl_rekey_manifest_create(&k, from, to, &both, new, ERR));
	note_table(k, t[0]);
	assert_int_equal(ppdl_rekey_manifest_missing(k, &id, &len), ppdl_manifest_live(m[1]));
	assert_true(len == 5 && memcmp(id, "p1000", 5) == 0);
	note_table(k, t[1]);
	assert_int_equal(ppdl_rekey_manifest_missing(k, &id, &len), 0);
	assert_int_equal(ppdl_manifest_live(new), ppdl_manifest_live(m[0]) + ppdl_manifest_live(m[1]));
	ppdl_rekey_manifest_destroy(k);
	/* one id under two keys */
	same[0] = m[0];
	same[1] = m[2];
	rekey_tagged(t[2], &clash);
	OK(ppdl_rekey_manifest_create(&k, from, to, &clash, new, ERR));
	note_table(k, t[0]);
	FAILS(PPDL_ERR_KEY, note_row(k, t[2], 1, 1));
	assert_non_null(strstr(test_error.message, "\"p1\": rows under two keys have this id"));
	/* nor does the new row of one of them, whose MAC fits, take the place of both */
	FAILS(PPDL_ERR_KEY, note_new(k, t[2], 2, t[0], 2));
	assert_non_null(strstr(test_error.message, "\"p2\": rows under two keys have this id"));
	ppdl_rekey_manifest_destroy(k);
	free(from->writer);
	from->writer = NULL;
	from->writers = 0;
	ppdl_owner_destroy(ward);
	ppdl_manifest_destroy(new);
	for (int i = 0; i < 3; i++)
	{
		ppdl_manifest_destroy(m[i]);
		table_free(t[i]);
	}
}

static int
setup(void **state)
{
	OK(ppdl_owner_generate(&from, "old", ERR));
	OK(ppdl_owner_generate(&to, "new", ERR));
	return 0;
}

static int
teardown(void **state)
{
	ppdl_owner_destroy(from);
	ppdl_owner_destroy(to);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_tables),
		cmocka_unit_test(mixed_forms),
		cmocka_unit_test(fills_batches),
		cmocka_unit_test(unnamed_labels),
		cmocka_unit_test(unlike_batches),
		cmocka_unit_test(loose_labels),
		cmocka_unit_test(fresh_noise),
		cmocka_unit_test(refuses),
		cmocka_unit_test(receipts),
		cmocka_unit_test(refused_receipts),
		cmocka_unit_test(receipts_of_writers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
