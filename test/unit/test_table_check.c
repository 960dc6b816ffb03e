/* A table against its manifests: each way to cheat is found and named, and honest tables have no faults. */
#include "rows_util.h"

#include "owner/owner_impl.h"
#include "owner/row_batch.h"
#include "owner/table_check.h"

#define ROWS 60
#define INPUTS 4

static const char *const bound_names[] = {"ward", "sex"};
static PpdlOwner *owner,
		   *other;

typedef struct Bytes
{
	uint8_t    *data;			/* NULL: no value */
	size_t		len;
} Bytes;

typedef struct Row
{
	char		id[16];
	const char *ward,			/* NULL: that */
			   *sex;
	Bytes		value[2];
} Row;

/* rows of one key */
typedef struct Table
{
	PpdlOwner  *of;
	char		prefix;			/* of ids */
	Row			row[2 * ROWS];
	int			rows;
	PpdlManifest *manifest;
	PpdlReceiptKey *key[2];
} Table;

/* what was found */
typedef struct Found
{
	int			count[PPDL_ROW_FAULTS],
				all;
	char		text[4000];		/* a line each: fault, column, id, other id, why */
} Found;

static PpdlStatus
found(void *arg, const PpdlRowFinding *f, PpdlError *err)
{
	Found	   *all = arg;
	const size_t at = strlen(all->text);

	snprintf(all->text + at, sizeof all->text - at, "%s %d %.*s [%.*s] %s\n", ppdl_row_fault_name(f->fault), f->column,
			 (int) f->id_len, f->id, (int) f->other_len, f->other ? f->other : "", f->why);
	all->count[f->fault]++;
	all->all++;
	return PPDL_OK;
}

static PpdlWriter
bound_text(const Row *r)
{
	const char *const value[] = {r->ward, r->sex};
	const size_t len[] = {r->ward ? strlen(r->ward) : 0, r->sex ? strlen(r->sex) : 0};
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_bound_write(&w, value, len, 2, ERR));
	return w;
}

static PpdlRowNote
note_of(const Row *r, const PpdlWriter *bound)
{
	return (PpdlRowNote) {r->id, strlen(r->id), bound->buf, bound->len};
}

static Bytes
copy(const void *data, size_t len)
{
	Bytes		b = {malloc(len), len};

	memcpy(b.data, data, len);
	return b;
}

/* rows at .. at + n - 1 encrypted, tagged, and in the manifest; every fifth without a label */
static void
encrypt(Table *t, int at, int n, int compact)
{
	const PpdlRowShape shape = {.inputs = INPUTS, .outputs = 1, .compact = compact, .scale_bits = 30, .batch_rows = 64};
	double		x[ROWS * INPUTS],
				y[ROWS];
	PpdlRowBatch b;

	for (int i = 0; i < n * INPUTS; i++)
		x[i] = test_value();
	for (int i = 0; i < n; i++)
		y[i] = test_value();
	OK(ppdl_row_batch_init(&b, &shape, ERR));
	OK(ppdl_row_batch_encrypt(&b, t->of, x, y, n, ERR));
	for (int i = 0; i < n; i++)
	{
		Row		   *r = &t->row[at + i];
		PpdlWriter	bound = bound_text(r);
		const PpdlRowNote note = note_of(r, &bound);
		uint32_t	number;

		OK(ppdl_manifest_add(t->manifest, &note, &number, ERR));
		for (int c = 0; c < (i % 5 == 4 ? 1 : 2); c++)
		{
			const uint8_t *slice = c ? ppdl_row_batch_label(&b, i) : ppdl_row_batch_features(&b, i);
			const size_t len = b.slice[c] + ppdl_tag_bytes(b.column[c].limbs);
			uint8_t    *out = malloc(len);
			PpdlCipher	parsed;

			OK(ppdl_receipt_tag_row(t->key[c], out, slice, b.slice[c], &note, ERR));
			free(r->value[c].data);
			r->value[c] = (Bytes) {out, len};
			OK(ppdl_cipher_parse(&parsed, out, len, ERR));
			OK(ppdl_manifest_place(t->manifest, number, c, &parsed, ERR));
		}
		ppdl_writer_free(&bound);
	}
	ppdl_row_batch_free(&b);
}

static Table *
make_table_of(PpdlOwner *of, char prefix, int compact)
{
	Table	   *t = calloc(1, sizeof(*t));

	t->of = of;
	t->prefix = prefix;
	OK(ppdl_manifest_create(&t->manifest, of, "patients", bound_names, 2, ERR));
	for (int c = 0; c < 2; c++)
	{
		const PpdlReceiptDomain d = ppdl_manifest_domain(t->manifest, c);

		OK(ppdl_receipt_key_create(&t->key[c], of, &d, ERR));
	}
	t->rows = ROWS;
	for (int i = 0; i < ROWS; i++)
	{
		snprintf(t->row[i].id, sizeof t->row[i].id, "%c%d", prefix, i);
		t->row[i].ward = i % 3 == 0 ? "A" : i % 3 == 1 ? "B" : NULL;
		t->row[i].sex = i % 2 ? "f" : "m";
	}
	encrypt(t, 0, ROWS, compact);
	return t;
}

static Table *
make_table(int compact)
{
	return make_table_of(owner, 'p', compact);
}

static void
free_table(Table *t)
{
	for (int i = 0; i < 2 * ROWS; i++)
		for (int c = 0; c < 2; c++)
			free(t->row[i].value[c].data);
	for (int c = 0; c < 2; c++)
		ppdl_receipt_key_destroy(t->key[c]);
	ppdl_manifest_destroy(t->manifest);
	free(t);
}

static void
check_rows(PpdlTableCheck *check, const Table *t)
{
	for (int i = 0; i < t->rows; i++)
	{
		PpdlWriter	bound = bound_text(&t->row[i]);
		PpdlTableRow row = {.note = note_of(&t->row[i], &bound)};

		for (int c = 0; c < 2; c++)
		{
			row.value[c].data = t->row[i].value[c].data;
			row.value[c].len = t->row[i].value[c].len;
		}
		OK(ppdl_table_check_row(check, &row, NULL, ERR));
		ppdl_writer_free(&bound);
	}
}

/* a table of the rows of all n, against the first `given` of their manifests */
static Found
check_tables(Table *const *t, int n, int given)
{
	Found		f = {{0}};
	PpdlManifest *manifest[4];
	const PpdlManifests all = {manifest, given};
	PpdlTableCheck *check;
	int			rows = 0;
	uint64_t	sum = 0;

	for (int i = 0; i < n; i++)
		manifest[i] = t[i]->manifest;
	OK(ppdl_table_check_create(&check, owner, &all, found, &f, ERR));
	for (int i = 0; i < n; i++)
	{
		check_rows(check, t[i]);
		rows += t[i]->rows;
	}
	OK(ppdl_table_check_finish(check, 2, ERR));
	assert_int_equal(ppdl_table_check_rows(check), rows);
	for (int i = 0; i < PPDL_ROW_FAULTS; i++)
		sum += ppdl_table_check_faults(check, (PpdlRowFault) i);
	assert_int_equal(sum, f.all);
	ppdl_table_check_destroy(check);
	return f;
}

static Found
check(Table *t)
{
	return check_tables(&t, 1, 1);
}

/* exactly these lines */
static void
finds(Table *t, const char *want)
{
	const Found f = check(t);

	assert_string_equal(f.text, want);
}

static void
swap_values(Row *a, Row *b, int c)
{
	const Bytes v = a->value[c];

	a->value[c] = b->value[c];
	b->value[c] = v;
}

static void
honest(void **state)
{
	test_seed("honest");
	for (int compact = 0; compact < 2; compact++)
	{
		Table	   *t = make_table(compact);

		finds(t, "");
		/* deletes and updates that the owner wrote down, in any order of rows */
		assert_int_equal(ppdl_manifest_forget(t->manifest, "p7", 2), 1);
		for (int c = 0; c < 2; c++)
		{
			free(t->row[7].value[c].data);
			t->row[7].value[c].data = NULL;
		}
		snprintf(t->row[7].id, sizeof t->row[7].id, "p100");
		t->row[7].ward = "C";
		t->row[7].sex = NULL;
		encrypt(t, 7, 3, compact);
		finds(t, "");
		for (int i = 0; i < 200; i++)
		{
			Row		   *a = &t->row[test_below(ROWS)],
					   *b = &t->row[test_below(ROWS)],
						r = *a;

			*a = *b;
			*b = r;
		}
		finds(t, "");
		free_table(t);
	}
}

/* one bit anywhere in any value */
static void
flipped_bits(void **state)
{
	Table	   *t = make_table(1);

	test_seed("flipped_bits");
	for (int i = 0; i < 300; i++)
	{
		const int	r = test_below(ROWS),
					c = t->row[r].value[1].data ? test_below(2) : 0;
		Bytes	   *v = &t->row[r].value[c];
		const size_t at = test_random() % (8 * v->len);
		Found		f;

		v->data[at / 8] ^= (uint8_t) (1 << at % 8);
		f = check(t);
		assert_int_equal(f.all, 1);
		assert_true(f.count[PPDL_ROW_ALTERED] + f.count[PPDL_ROW_UNKNOWN] + f.count[PPDL_ROW_FOREIGN] +
					f.count[PPDL_ROW_UNSIGNED] == 1);
		/* in what it holds, not in where it says it is from */
		if (at / 8 >= PPDL_SLICE_HEADER)
			assert_int_equal(f.count[PPDL_ROW_ALTERED], 1);
		v->data[at / 8] ^= (uint8_t) (1 << at % 8);
	}
	finds(t, "");
	free_table(t);
}

static void
moved_rows(void **state)
{
	Table	   *t = make_table(0);
	Bytes		kept;

	test_seed("moved_rows");
	swap_values(&t->row[3], &t->row[5], 0);
	finds(t, "moved 0 p3 [p5] \nmoved 0 p5 [p3] \n");
	swap_values(&t->row[3], &t->row[5], 0);
	/* values of one row under the id of another that the server made up */
	snprintf(t->row[3].id, sizeof t->row[3].id, "p3000");
	finds(t, "moved 0 p3000 [p3] \nmoved 1 p3000 [p3] \nmissing -1 p3 [] \n");
	snprintf(t->row[3].id, sizeof t->row[3].id, "p3");
	/* a label in place of features, and of another row */
	kept = t->row[8].value[0];
	t->row[8].value[0] = copy(t->row[10].value[1].data, t->row[10].value[1].len);
	finds(t, "unknown 0 p8 [] no row of the manifest lies in its place, and its MAC does not fit\n");
	free(t->row[8].value[0].data);
	t->row[8].value[0] = kept;
	/* a copy of a row, twice under its id */
	t->rows++;
	t->row[ROWS] = t->row[12];
	t->row[ROWS].value[0] = copy(t->row[12].value[0].data, t->row[12].value[0].len);
	t->row[ROWS].value[1] = copy(t->row[12].value[1].data, t->row[12].value[1].len);
	finds(t, "repeated -1 p12 [] \n");
	free_table(t);
}

static void
regrouped_rows(void **state)
{
	Table	   *t = make_table(1);

	t->row[4].ward = "A";
	finds(t, "regrouped 0 p4 [] ward is \"A\", and was \"B\"\n");
	t->row[4].ward = "B";
	t->row[5].ward = "B";
	t->row[6].sex = NULL;
	finds(t, "regrouped 0 p5 [] ward is \"B\", and was NULL\nregrouped 1 p5 [] ward is \"B\", and was NULL\n"
		  "regrouped 0 p6 [] sex is NULL, and was \"m\"\nregrouped 1 p6 [] sex is NULL, and was \"m\"\n");
	free_table(t);
}

/* a row as it was before its owner changed or deleted it */
static void
old_rows(void **state)
{
	Table	   *t = make_table(1);
	Row			old = t->row[20];

	test_seed("old_rows");
	old.value[0] = copy(old.value[0].data, old.value[0].len);
	old.value[1] = copy(old.value[1].data, old.value[1].len);
	encrypt(t, 20, 1, 1);
	finds(t, "");
	t->rows++;
	t->row[ROWS] = t->row[20];
	t->row[20] = old;
	t->rows--;
	finds(t, "replayed 0 p20 [] \nreplayed 1 p20 [] \n");
	/* of another group then */
	t->row[20].ward = "X";
	finds(t, "replayed 0 p20 [] \nregrouped 0 p20 [] ward is \"X\", and was NULL\n"
		  "replayed 1 p20 [] \nregrouped 1 p20 [] ward is \"X\", and was NULL\n");
	t->row[20].ward = NULL;
	t->row[20] = t->row[ROWS];
	memset(&t->row[ROWS], 0, sizeof t->row[ROWS]);
	assert_int_equal(ppdl_manifest_forget(t->manifest, "p21", 3), 1);
	finds(t, "replayed 0 p21 [] \nreplayed 1 p21 [] \n");
	free(old.value[0].data);
	free(old.value[1].data);
	free_table(t);
}

static void
missing_rows(void **state)
{
	Table	   *t = make_table(1);
	Bytes		label = t->row[0].value[1];
	Row			last;

	t->row[0].value[1].data = NULL;
	finds(t, "missing 1 p0 [] \n");
	t->row[0].value[1] = label;
	t->rows--;
	finds(t, "missing -1 p59 [] \n");
	t->rows++;
	/* rows 4, 9, ... have no label, and need none */
	assert_null(t->row[4].value[1].data);
	last = t->row[4];
	t->row[4].value[0].data = NULL;
	finds(t, "missing 0 p4 [] \n");
	t->row[4] = last;
	finds(t, "");
	free_table(t);
}

/* of a row's features */
static void
finds_foreign(Table *t, const char *id, const PpdlOwner *of)
{
	char		want[100],
				key[17];

	ppdl_fingerprint_hex(key, ppdl_owner_fingerprint(of));
	snprintf(want, sizeof want, "foreign 0 %s [] under key %s, of which there is no manifest\n", id, key);
	finds(t, want);
}

/* rows that the owner never wrote down, of the owner, without receipts, of others, of operations */
static void
strange_rows(void **state)
{
	Table	   *t = make_table(1),
			   *twin = make_table(1);
	PpdlRowShape shape = {.inputs = INPUTS, .compact = 1, .scale_bits = 30, .batch_rows = 64};
	const double x[INPUTS] = {0.5};
	PpdlRowBatch b;
	Bytes		kept = t->row[2].value[0];

	t->row[2].value[0] = copy(twin->row[2].value[0].data, twin->row[2].value[0].len);
	finds(t, "unknown 0 p2 [] its MAC fits, and it is not in the manifest\n");
	free(t->row[2].value[0].data);
	for (int i = 0; i < 2; i++)
	{
		OK(ppdl_row_batch_init(&b, &shape, ERR));
		OK(ppdl_row_batch_encrypt(&b, i ? other : owner, x, NULL, 1, ERR));
		t->row[2].value[0] = copy(ppdl_row_batch_features(&b, 0), b.slice[0]);
		if (i)
			finds_foreign(t, "p2", other);
		else
			finds(t, "unsigned 0 p2 [] \n");
		free(t->row[2].value[0].data);
		ppdl_row_batch_free(&b);
	}
	t->row[2].value[0] = copy("nonsense", 8);
	finds(t, "altered 0 p2 [] no valid ciphertext\n");
	free(t->row[2].value[0].data);
	t->row[2].value[0] = kept;
	free_table(t);
	free_table(twin);
}

/* ------------------------------------------------------------------ several keys */

static void
all_find(Table *const *t, const char *want)
{
	const Found f = check_tables(t, 3, 3);

	assert_string_equal(f.text, want);
}

static void
swap_between(Table *a, int i, Table *b, int j)
{
	const Bytes v = a->row[i].value[0];

	a->row[i].value[0] = b->row[j].value[0];
	b->row[j].value[0] = v;
}

/* rows of an owner and two writers in one table, each key with its manifest */
static void
several_keys(void **state)
{
	Table	   *t[3];
	PpdlOwner  *writer[2];
	Found		f;
	Bytes		old;

	test_seed("several_keys");
	owner->writer = calloc(2, sizeof(*owner->writer));
	for (int i = 0; i < 2; i++)
	{
		OK(ppdl_owner_generate(&writer[i], i ? "ward2" : "ward1", ERR));
		owner->writer[owner->writers++] = writer[i];
	}
	t[0] = make_table(1);
	t[1] = make_table_of(writer[0], 'v', 1);
	t[2] = make_table_of(writer[1], 'w', 0);
	all_find(t, "");

	/* dropped: one of a writer's rows, and all of them */
	t[1]->rows--;
	all_find(t, "missing -1 v59 [] \n");
	t[1]->rows = 0;
	assert_int_equal(check_tables(t, 3, 3).count[PPDL_ROW_MISSING], ROWS);
	t[1]->rows = ROWS;
	/* swapped: within a writer's rows, and between keys */
	swap_between(t[2], 3, t[2], 5);
	all_find(t, "moved 0 w3 [w5] \nmoved 0 w5 [w3] \n");
	swap_between(t[2], 3, t[2], 5);
	swap_between(t[0], 3, t[1], 8);
	all_find(t, "moved 0 p3 [v8] \nmoved 0 v8 [p3] \n");
	swap_between(t[0], 3, t[1], 8);
	/* replayed */
	old = copy(t[2]->row[20].value[0].data, t[2]->row[20].value[0].len);
	encrypt(t[2], 20, 1, 0);
	all_find(t, "");
	free(t[2]->row[20].value[0].data);
	t[2]->row[20].value[0] = old;
	all_find(t, "replayed 0 w20 [] \n");
	encrypt(t[2], 20, 1, 0);
	/* of a key whose manifest is not there */
	f = check_tables(t, 3, 2);
	assert_int_equal(f.count[PPDL_ROW_FOREIGN], f.all);
	assert_int_equal(f.all, 2 * ROWS - ROWS / 5);

	/* an id of both writers: each has its row */
	snprintf(t[2]->row[7].id, sizeof t[2]->row[7].id, "v7");
	ppdl_manifest_forget(t[2]->manifest, "w7", 2);
	encrypt(t[2], 7, 1, 0);
	all_find(t, "");
	t[2]->row[7].id[0] = 'w';
	all_find(t, "moved 0 w7 [v7] \nmoved 1 w7 [v7] \nmissing -1 v7 [] \n");
	t[2]->row[7].id[0] = 'v';
	t[2]->rows = 7;
	assert_int_equal(check_tables(t, 3, 3).count[PPDL_ROW_MISSING], ROWS - 7);
	t[2]->rows = ROWS;
	all_find(t, "");
	for (int i = 0; i < 3; i++)
		free_table(t[i]);
}

static int
setup(void **state)
{
	OK(ppdl_owner_generate(&owner, "hospital", ERR));
	OK(ppdl_owner_generate(&other, "other", ERR));
	return 0;
}

static int
teardown(void **state)
{
	ppdl_owner_destroy(owner);
	ppdl_owner_destroy(other);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(moved_rows),
		cmocka_unit_test(regrouped_rows),
		cmocka_unit_test(old_rows),
		cmocka_unit_test(missing_rows),
		cmocka_unit_test(strange_rows),
		cmocka_unit_test(several_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
