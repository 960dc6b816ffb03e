/*
 * Receipts: sums that are checked before they are decrypted.  Each way in which a server can cheat is tried on real
 * rows; what honest servers return over random tables passes.
 */
#include "rows_util.h"

#include "owner/manifest.h"
#include "owner/owner_impl.h"
#include "rows/sum.h"

#define WIDTH 3
#define MAX_ROWS 1400

/* a table as the server has it: one row more than its owner knows is no row of it */
typedef struct Row
{
	char		id[12];
	const char *ward;			/* bound, NULL: NULL */
	double		x[WIDTH];
	uint8_t    *value;
	size_t		len;
	int			live;
} Row;

static const char *const wards[] = {"A", "B", NULL, "St. John's, first floor"};
static const char *const bound_names[] = {"ward"};
static const PpdlReceiptDomain domain = {"patients", "features", bound_names, 1};
static PpdlOwner *owner;
static PpdlReceiptKey *key;

static int
setup(void **state)
{
	OK(ppdl_owner_generate(&owner, "hospital", ERR));
	OK(ppdl_receipt_key_create(&key, owner, &domain, ERR));
	return 0;
}

static int
teardown(void **state)
{
	ppdl_receipt_key_destroy(key);
	ppdl_owner_destroy(owner);
	return 0;
}

static void
put_bound(PpdlWriter *w, const char *ward)
{
	const size_t len = ward == NULL ? 0 : strlen(ward);

	ppdl_writer_init(w);
	OK(ppdl_bound_write(w, &ward, &len, 1, ERR));
}

/* encrypts n rows, of one batch, and tags them */
static void
encrypt_rows(PpdlReceiptKey *k, Row *row, int n, const PpdlBatchOptions *opt)
{
	const PpdlParams *par;
	size_t		size;
	uint8_t    *slice;
	double	   *x = malloc((size_t) n * WIDTH * sizeof(double));

	OK(ppdl_params_get(opt->ring, &par, ERR));
	size = ppdl_slice_size(par, opt->limbs, ppdl_log2_width(WIDTH));
	slice = malloc((size_t) n * size);
	for (int i = 0; i < n; i++)
		memcpy(x + (size_t) i * WIDTH, row[i].x, sizeof(row[i].x));
	OK(ppdl_owner_encrypt(owner, slice, x, n, WIDTH, opt, ERR));
	for (int i = 0; i < n; i++)
	{
		PpdlWriter	w;
		PpdlRowNote note = {row[i].id, strlen(row[i].id)};

		put_bound(&w, row[i].ward);
		note.bound = w.buf;
		note.bound_len = w.len;
		row[i].len = size + ppdl_tag_bytes(opt->limbs);
		row[i].value = malloc(row[i].len);
		OK(ppdl_receipt_tag_row(k, row[i].value, slice + (size_t) i * size, size, &note, ERR));
		OK(ppdl_cipher_validate(row[i].value, row[i].len, ERR));
		ppdl_writer_free(&w);
	}
	free(slice);
	free(x);
}

static void
random_rows(Row *row, int n)
{
	static int	number;

	for (int i = 0; i < n; i++)
	{
		snprintf(row[i].id, sizeof(row[i].id), "p%d", number++);
		row[i].ward = wards[test_below(4)];
		row[i].live = 1;
		for (int f = 0; f < WIDTH; f++)
			row[i].x[f] = test_value();
	}
}

static void
free_rows(Row *row, int n)
{
	for (int i = 0; i < n; i++)
		free(row[i].value);
}

static PpdlStatus
check_row(const Row *r)
{
	PpdlRowNote note = {r->id, strlen(r->id)};
	PpdlWriter	w;
	PpdlStatus	status;

	put_bound(&w, r->ward);
	note.bound = w.buf;
	note.bound_len = w.len;
	status = ppdl_receipt_check_row(key, r->value, r->len, &note, ERR);
	ppdl_writer_free(&w);
	return status;
}

static void
add_row(PpdlReceipt *r, PpdlSum *sum, const Row *row)
{
	PpdlCipher	c;
	PpdlWriter	w;

	put_bound(&w, row->ward);
	if (test_below(8) == 0)
	{
		OK(ppdl_cipher_parse(&c, row->value, row->len, ERR));
		OK(ppdl_receipt_add(r, &c, w.buf, w.len, ERR));
	}
	else
		OK(ppdl_receipt_add_bytes(r, row->value, row->len, w.buf, w.len, ERR));
	if (sum != NULL)
		OK(ppdl_sum_add_bytes(sum, row->value, row->len, ERR));
	ppdl_writer_free(&w);
}

/* what a server returns for the rows with in[i]: a receipt, and the sum or, with average, their average */
typedef struct Answer
{
	PpdlWriter	receipt,
				value;
} Answer;

static Answer
answer(const Row *row, int n, const uint8_t *in, int average)
{
	PpdlReceipt *r;
	PpdlSum    *sum;
	Answer		a;

	OK(ppdl_receipt_create(&r, ERR));
	OK(ppdl_sum_create(&sum, ERR));
	for (int i = 0; i < n; i++)
		if (in[i])
			add_row(r, sum, &row[i]);
	ppdl_writer_init(&a.receipt);
	ppdl_writer_init(&a.value);
	OK(ppdl_receipt_write(r, &a.receipt, ERR));
	OK(ppdl_sum_finish(sum, average ? (double) ppdl_sum_count(sum) : 1, &a.value, ERR));
	ppdl_sum_destroy(sum);
	ppdl_receipt_destroy(r);
	return a;
}

static void
free_answer(Answer *a)
{
	ppdl_writer_free(&a->receipt);
	ppdl_writer_free(&a->value);
}

/* all that an owner does before it decrypts; *out: what it decrypts, unless NULL */
static PpdlStatus
verify(const Answer *a, PpdlReceiptKey *k, PpdlWriter *out)
{
	PpdlReceipt *r;
	PpdlCipher	value;
	double		divisor;
	PpdlStatus	status = ppdl_receipt_read(&r, NULL, NULL, a->receipt.buf, a->receipt.len, ERR);

	if (status != PPDL_OK)
		return status;
	PPDL_GOTO(done, ppdl_cipher_parse(&value, a->value.buf, a->value.len, ERR));
	for (uint32_t i = 0; i < r->nsections; i++)
		PPDL_GOTO(done, ppdl_receipt_check(k, r, &r->section[i], ERR));
	assert_int_equal(r->nsections, 1);
	PPDL_GOTO(done, ppdl_receipt_match(r, &r->section[0], &value, &divisor, ERR));
	if (out != NULL)
		status = ppdl_receipt_sum(r, &r->section[0], divisor, out, ERR);
done:
	ppdl_receipt_destroy(r);
	return status;
}

static void
decrypts_to(const PpdlWriter *value, const Row *row, int n, const uint8_t *in, int average)
{
	double		want[WIDTH] = {0},
				count = 0;
	PpdlValues	v;

	for (int i = 0; i < n; i++)
		for (int f = 0; f < WIDTH && in[i]; f++)
			want[f] += row[i].x[f];
	for (int i = 0; i < n; i++)
		count += in[i] != 0;
	OK(ppdl_owner_decrypt(owner, &v, value->buf, value->len, 0, ERR));
	for (int f = 0; f < WIDTH; f++)
		if (!(fabs(v.v[f] - want[f] / (average ? count : 1)) < 8 * v.error))
			fail_msg("value %d is %.9g, not %.9g; estimate %g", f, v.v[f], want[f], v.error);
	ppdl_values_free(&v);
}

static PpdlBatchOptions
compact(int logc)
{
	return (PpdlBatchOptions) {.limbs = 1, .scale_bits = 30, .logc = logc, .ring = PPDL_RING_COMPACT,
		.encoding = test_below(2) ? UINT64_C(0x123456789abc) : 0};
}

/* ------------------------------------------------------------------ what honest servers return */

/* inserts, updates, deletes; sums of random rows of whatever there is */
static void
test_random_sums(void **state)
{
	static Row	row[MAX_ROWS];
	uint8_t		in[MAX_ROWS];
	int			n = 0;

	for (int round = 0; round < 10000; round++)
	{
		const int	average = test_below(2),
					decrypt = round % 100 == 0;
		int			some = 0;
		Answer		a;
		PpdlWriter	value;

		if (n < MAX_ROWS - 8 && round % 40 == 0)
		{
			const PpdlBatchOptions opt = compact(3 + test_below(3));
			int			more = 1 + test_below(8);

			random_rows(row + n, more);
			encrypt_rows(key, row + n, more, &opt);
			n += more;
		}
		if (round % 10 == 0)
			row[test_below(n)].live ^= 1;
		for (int i = 0; i < n; i++)
			some += in[i] = (uint8_t) (row[i].live && test_below(n) < 12);
		if (some == 0)
			continue;
		a = answer(row, n, in, average);
		ppdl_writer_init(&value);
		OK(verify(&a, key, decrypt ? &value : NULL));
		if (decrypt)
			decrypts_to(&value, row, n, in, average);
		ppdl_writer_free(&value);
		free_answer(&a);
	}
	for (int i = 0; i < n; i++)
		OK(check_row(&row[i]));
	free_rows(row, n);
}

/* every form of rows: full ones with tags of two limbs; those that need parts; parallel workers */
static void
test_forms(void **state)
{
	const PpdlBatchOptions form[] = {
		{.limbs = 1, .scale_bits = 40, .logc = 7, .ring = PPDL_RING_COMPACT},	/* a part holds 511 rows */
		{.limbs = 8, .scale_bits = 40, .logc = 5, .ring = PPDL_RING_ROW},
		{.limbs = 2, .scale_bits = 30, .logc = 12, .ring = PPDL_RING_ROW},
		{.limbs = 1, .scale_bits = 30, .logc = 0, .ring = PPDL_RING_ROW}
	};

	for (int k = 0; k < 4; k++)
	{
		static Row	row[1300];
		static uint8_t in[1300];
		const int	batch = form[k].logc < 7 ? 1 << form[k].logc : 100,
					n = k == 0 ? 1300 : 4 * batch;
		PpdlReceipt *part[3];
		PpdlSum    *sum;
		Answer		a;
		PpdlWriter	value;

		random_rows(row, n);
		for (int i = 0; i < n; i += batch)
			encrypt_rows(key, row + i, n - i < batch ? n - i : batch, &form[k]);
		memset(in, 1, sizeof(in));
		for (int w = 0; w < 3; w++)
			OK(ppdl_receipt_create(&part[w], ERR));
		OK(ppdl_sum_create(&sum, ERR));
		for (int i = 0; i < n; i++)
			add_row(part[i % 3], sum, &row[i]);
		for (int w = 1; w < 3; w++)
		{
			PpdlWriter	wire;
			PpdlReceipt *back;

			ppdl_writer_init(&wire);
			OK(ppdl_receipt_write(part[w], &wire, ERR));
			OK(ppdl_receipt_read(&back, NULL, NULL, wire.buf, wire.len, ERR));
			OK(ppdl_receipt_merge(part[0], back, ERR));
			ppdl_receipt_destroy(back);
			ppdl_writer_free(&wire);
		}
		assert_int_equal(part[0]->rows, n);
		assert_true(part[0]->section[0].nparts >= (k == 0 ? 3 : 1));
		ppdl_writer_init(&a.receipt);
		ppdl_writer_init(&a.value);
		OK(ppdl_receipt_write(part[0], &a.receipt, ERR));
		OK(ppdl_sum_finish(sum, 1, &a.value, ERR));
		ppdl_writer_init(&value);
		OK(verify(&a, key, &value));
		decrypts_to(&value, row, n, in, 0);
		ppdl_writer_free(&value);
		free_answer(&a);
		for (int w = 0; w < 3; w++)
			ppdl_receipt_destroy(part[w]);
		ppdl_sum_destroy(sum);
		free_rows(row, n);
	}
}

/* ------------------------------------------------------------------ ways to cheat */

#define N 40

typedef struct World
{
	Row			row[N];
	uint8_t		in[N];
} World;

static World
new_world(void)
{
	const PpdlBatchOptions opt = compact(4);
	World		w;

	random_rows(w.row, N);
	for (int i = 0; i < N; i++)
	{
		w.row[i].ward = wards[i % 2];
		w.in[i] = i < 25;
	}
	for (int i = 0; i < N; i += 16)
		encrypt_rows(key, w.row + i, N - i < 16 ? N - i : 16, &opt);
	return w;
}

static void
refused(const Answer *a)
{
	const PpdlStatus status = verify(a, key, NULL);

	if (status == PPDL_OK)
		fail_msg("what a server forged passes");
	if (status != PPDL_ERR_KEY && status != PPDL_ERR_FORMAT && status != PPDL_ERR_VERSION)
		fail_msg("refused for another reason: %s", test_error.message);
}

static void
test_altered_row(void **state)
{
	World		w = new_world();

	OK(check_row(&w.row[3]));
	for (size_t bit = 0; bit < w.row[3].len * 8; bit++)
	{
		w.row[3].value[bit / 8] ^= (uint8_t) (1 << bit % 8);
		assert_true(check_row(&w.row[3]) != PPDL_OK);
		w.row[3].value[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	/* in a sum: what is altered are the coefficients and the tags of a row that is in */
	for (size_t at = PPDL_SLICE_HEADER; at < w.row[3].len - PPDL_MAC_BYTES; at++)
	{
		Answer		a;
		PpdlCipher	c;

		w.row[3].value[at] ^= 1;
		if (ppdl_cipher_validate(w.row[3].value, w.row[3].len, ERR) == PPDL_OK)
		{
			a = answer(w.row, N, w.in, 0);
			OK(ppdl_cipher_parse(&c, w.row[3].value, w.row[3].len, ERR));
			FAILS(PPDL_ERR_KEY, verify(&a, key, NULL));
			free_answer(&a);
		}
		w.row[3].value[at] ^= 1;
	}
	free_rows(w.row, N);
}

/* values of two rows exchanged under their ids, bits of a receipt or a sum flipped */
static void
test_swapped_and_replayed(void **state)
{
	World		w = new_world();
	Row			old = w.row[5];
	uint8_t    *t = w.row[0].value;

	w.row[0].value = w.row[2].value;	/* of one ward: only the id says which is whose */
	w.row[2].value = t;
	FAILS(PPDL_ERR_KEY, check_row(&w.row[0]));
	FAILS(PPDL_ERR_KEY, check_row(&w.row[2]));
	strcpy(w.row[2].id, w.row[0].id);	/* ... which is the same when ids are exchanged */
	OK(check_row(&w.row[2]));
	/* the old version under a new id is no row; under its own it is one, of which the manifest knows that it is old */
	strcpy(old.id, "p999999");
	FAILS(PPDL_ERR_KEY, check_row(&old));
	free_rows(w.row, N);
}

/*
 * rows of a writer among the owner's: each key's rows are a section, good for that key alone; neither section answers
 * for the sum of both, nor for the other's
 */
static void
test_sections_of_keys(void **state)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 4, .ring = PPDL_RING_COMPACT};
	PpdlOwner  *ours = owner,
			   *ward;
	PpdlReceiptKey *of[2] = {key};
	PpdlReceipt *r;
	PpdlWriter	w,
				value[2];
	Row			row[16] = {{{0}}};
	PpdlCipher	c;
	double		divisor;

	OK(ppdl_owner_generate(&ward, "ward", ERR));
	OK(ppdl_receipt_key_create(&of[1], ward, &domain, ERR));
	random_rows(row, 16);
	encrypt_rows(key, row, 8, &opt);
	owner = ward;
	encrypt_rows(of[1], row + 8, 8, &opt);
	owner = ours;
	OK(ppdl_receipt_create(&r, ERR));
	for (int k = 0; k < 2; k++)
	{
		PpdlSum    *sum;

		OK(ppdl_sum_create(&sum, ERR));
		for (int i = 0; i < 8; i++)
			add_row(r, sum, &row[8 * k + i]);
		ppdl_writer_init(&value[k]);
		OK(ppdl_sum_finish(sum, 1, &value[k], ERR));
		ppdl_sum_destroy(sum);
	}
	ppdl_writer_init(&w);
	OK(ppdl_receipt_write(r, &w, ERR));
	ppdl_receipt_destroy(r);
	OK(ppdl_receipt_read(&r, NULL, NULL, w.buf, w.len, ERR));
	assert_int_equal(r->nsections, 2);
	for (int k = 0; k < 2; k++)
	{
		const int	whose = memcmp(r->section[k].fingerprint, ppdl_owner_fingerprint(ours), 8) != 0;

		OK(ppdl_receipt_check(of[whose], r, &r->section[k], ERR));
		FAILS(PPDL_ERR_KEY, ppdl_receipt_check(of[!whose], r, &r->section[k], ERR));
		OK(ppdl_cipher_parse(&c, value[whose].buf, value[whose].len, ERR));
		OK(ppdl_receipt_match(r, &r->section[k], &c, &divisor, ERR));
		/* as if it were under the other's key */
		memcpy(c.fingerprint, r->section[!k].fingerprint, 8);
		FAILS(PPDL_ERR_KEY, ppdl_receipt_match(r, &r->section[k], &c, &divisor, ERR));
		FAILS(PPDL_ERR_KEY, ppdl_receipt_match(r, &r->section[!k], &c, &divisor, ERR));
	}
	ppdl_receipt_destroy(r);
	ppdl_writer_free(&w);
	for (int k = 0; k < 2; k++)
		ppdl_writer_free(&value[k]);
	ppdl_receipt_key_destroy(of[1]);
	ppdl_owner_destroy(ward);
	free_rows(row, 16);
}

/* a row of the receipt is not in the sum, one too many is, one counts twice */
static void
test_other_rows(void **state)
{
	World		w = new_world();
	PpdlReceipt *r;
	PpdlCipher	c;

	for (int other = 0; other < 3; other++)
	{
		Answer		a = answer(w.row, N, w.in, 0),
					b;
		PpdlReceipt *honest,
				   *forged;

		w.in[other == 0 ? 7 : 30] ^= 1;
		b = answer(w.row, N, w.in, 0);
		w.in[other == 0 ? 7 : 30] ^= 1;
		/* the sum of other rows beside the receipt, the receipt of other rows beside the sum */
		FAILS(PPDL_ERR_KEY, verify(&(Answer) {a.receipt, b.value}, key, NULL));
		FAILS(PPDL_ERR_KEY, verify(&(Answer) {b.receipt, a.value}, key, NULL));
		/* the positions of one with the sums and tags of the other */
		OK(ppdl_receipt_read(&honest, NULL, NULL, a.receipt.buf, a.receipt.len, ERR));
		OK(ppdl_receipt_read(&forged, NULL, NULL, b.receipt.buf, b.receipt.len, ERR));
		memcpy(forged->section[0].part[0].b[0], honest->section[0].part[0].b[0], 4 * sizeof(uint64_t));
		if (other < 2)
			memcpy(forged->section[0].part[0].tag, honest->section[0].part[0].tag, 2 * sizeof(uint64_t));
		FAILS(PPDL_ERR_KEY, ppdl_receipt_check(key, forged, &forged->section[0], ERR));
		ppdl_receipt_destroy(honest);
		ppdl_receipt_destroy(forged);
		free_answer(&a);
		free_answer(&b);
	}
	/* twice: not in one receipt, not in two that are merged, not in a position that stands for two */
	OK(ppdl_receipt_create(&r, ERR));
	add_row(r, NULL, &w.row[1]);
	OK(ppdl_cipher_parse(&c, w.row[1].value, w.row[1].len, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_receipt_add(r, &c, NULL, 0, ERR));
	assert_non_null(strstr(test_error.message, "twice"));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_receipt_add_bytes(r, w.row[1].value, w.row[1].len, NULL, 0, ERR));
	assert_int_equal(r->rows, 1);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_receipt_merge(r, r, ERR));
	ppdl_receipt_destroy(r);
	OK(ppdl_receipt_create(&r, ERR));
	add_row(r, NULL, &w.row[1]);
	add_row(r, NULL, &w.row[3]);
	for (int f = 0; f < 4; f++)
	{
		uint64_t	v[4];

		ppdl_unpack_bits(v, c.residues, 4, c.par->ring->mod[0].bits);
		r->section[0].part[0].b[0][f] += v[f];
	}
	for (int i = 0; i < 2; i++)
		r->section[0].part[0].tag[i] += ppdl_tag(c.tags, i);
	FAILS(PPDL_ERR_KEY, ppdl_receipt_check(key, r, &r->section[0], ERR));
	ppdl_receipt_destroy(r);
	free_rows(w.row, N);
}

/* rows that are counted as those of another group; NULL is a value of its own; no bound texts at all */
static void
test_groups(void **state)
{
	World		w = new_world();
	Answer		a = answer(w.row, N, w.in, 1);
	PpdlReceipt *r;
	PpdlReceiptPart *p;
	const PpdlBoundValue ward = {"A", 1},
				null = {NULL, 0};
	uint64_t	rows,
				other;

	OK(ppdl_receipt_read(&r, NULL, NULL, a.receipt.buf, a.receipt.len, ERR));
	OK(ppdl_receipt_check(key, r, &r->section[0], ERR));
	ppdl_receipt_count(&r->section[0], 0, &ward, &rows, &other);
	assert_int_equal(rows, 13);
	assert_int_equal(other, 12);
	ppdl_receipt_count(&r->section[0], 0, &null, &rows, &other);
	assert_int_equal(rows, 0);
	ppdl_receipt_count(&r->section[0], 1, &ward, &rows, &other);
	assert_int_equal(rows, 0);
	p = &r->section[0].part[0];
	p->bound.text[0].rows++;
	p->bound.text[1].rows--;
	FAILS(PPDL_ERR_KEY, ppdl_receipt_check(key, r, &r->section[0], ERR));
	p->bound.text[0].rows--;
	p->bound.text[1].rows++;
	OK(ppdl_receipt_check(key, r, &r->section[0], ERR));
	p->bound.text[1].text[p->bound.text[1].len - 1] ^= 1;
	FAILS(PPDL_ERR_KEY, ppdl_receipt_check(key, r, &r->section[0], ERR));
	ppdl_receipt_destroy(r);
	free_answer(&a);
	/* a row moves to another group of the table: its MAC, and the sums of both groups */
	w.row[4].ward = "B";
	FAILS(PPDL_ERR_KEY, check_row(&w.row[4]));
	w.row[4].ward = NULL;
	FAILS(PPDL_ERR_KEY, check_row(&w.row[4]));
	for (int i = 0; i < N; i++)
		w.in[i] = w.row[i].ward != NULL && strcmp(w.row[i].ward, "B") == 0;
	w.row[4].ward = "B";
	w.in[4] = 1;
	a = answer(w.row, N, w.in, 0);
	FAILS(PPDL_ERR_KEY, verify(&a, key, NULL));
	free_answer(&a);
	free_rows(w.row, N);
}

/* tags of another column, another table, other bound columns, another owner */
static void
test_domains(void **state)
{
	static const char *const other_bound[] = {"sex"};
	const PpdlReceiptDomain other[] = {
		{"patients", "label", bound_names, 1}, {"patient", "sfeatures", bound_names, 1},
		{"patients", "features", other_bound, 1}, {"patients", "features", NULL, 0}
	};
	World		w = new_world();
	Answer		a = answer(w.row, N, w.in, 0);
	PpdlReceiptKey *k;
	PpdlOwner  *thief;

	for (int i = 0; i < 4; i++)
	{
		OK(ppdl_receipt_key_create(&k, owner, &other[i], ERR));
		FAILS(PPDL_ERR_KEY, verify(&a, k, NULL));
		ppdl_receipt_key_destroy(k);
	}
	OK(ppdl_owner_generate(&thief, "thief", ERR));
	OK(ppdl_receipt_key_create(&k, thief, &domain, ERR));
	FAILS(PPDL_ERR_KEY, verify(&a, k, NULL));
	assert_non_null(strstr(test_error.message, "thief"));
	ppdl_receipt_key_destroy(k);
	ppdl_owner_destroy(thief);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_receipt_key_create(&k, owner, &(PpdlReceiptDomain) {"", "features"}, ERR));
	free_answer(&a);
	free_rows(w.row, N);
}

/* a forger who changes one coefficient and guesses, a sum at another scale, width or in parts that make it up */
static void
test_other_sums(void **state)
{
	World		w = new_world();
	Answer		a = answer(w.row, N, w.in, 0);
	PpdlWriter	value;
	size_t		bits = 0;

	for (size_t bit = 0; bit < a.value.len * 8; bit += bit < PPDL_ROW_HEADER * 8 + 32 * 8 ? 1 : 997)
	{
		a.value.buf[bit / 8] ^= (uint8_t) (1 << bit % 8);
		ppdl_writer_init(&value);
		/* of the uniform half, noise and bound the owner takes nothing from the server: it may pass, and is not read */
		if (verify(&a, key, &value) == PPDL_OK)
			decrypts_to(&value, w.row, N, w.in, 0);
		else
			bits++;
		ppdl_writer_free(&value);
		a.value.buf[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	assert_true(bits > 25 * 8);	/* 4 coefficients of 50 bits, at least */
	for (size_t bit = 0; bit < a.receipt.len * 8; bit++)
	{
		a.receipt.buf[bit / 8] ^= (uint8_t) (1 << bit % 8);
		refused(&a);
		a.receipt.buf[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	for (size_t len = 0; len < a.receipt.len; len++)
	{
		Answer		cut = a;

		cut.receipt.len = len;
		refused(&cut);
	}
	OK(verify(&a, key, NULL));
	free_answer(&a);
	free_rows(w.row, N);
}

/* coefficients moved from one part of a large sum to another would change it by a multiple of the modulus */
static void
test_moved_between_parts(void **state)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 40, .logc = 9, .ring = PPDL_RING_COMPACT};
	static Row	row[600];
	static uint8_t in[600];
	Answer		a;
	PpdlReceipt *r;
	PpdlReceiptPart *part;

	random_rows(row, 600);
	encrypt_rows(key, row, 500, &opt);
	encrypt_rows(key, row + 500, 100, &opt);
	memset(in, 1, sizeof(in));
	a = answer(row, 600, in, 0);
	OK(ppdl_receipt_read(&r, NULL, NULL, a.receipt.buf, a.receipt.len, ERR));
	assert_int_equal(r->section[0].nparts, 2);
	OK(ppdl_receipt_check(key, r, &r->section[0], ERR));
	part = r->section[0].part;
	part[0].b[0][1] += UINT64_C(1) << 48;
	part[1].b[0][1] += r->section[0].par->ring->mod[0].q - (UINT64_C(1) << 48);
	FAILS(PPDL_ERR_KEY, ppdl_receipt_check(key, r, &r->section[0], ERR));
	ppdl_receipt_destroy(r);
	free_answer(&a);
	free_rows(row, 600);
}

static int
stop(void *arg)
{
	return --*(int *) arg <= 0;
}

/* reading asks whether to go on: when its sums are read, and when what is in several parts is compared */
static void
test_reading_is_cancelled(void **state)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 40, .logc = 9, .ring = PPDL_RING_COMPACT};
	static Row	row[600];
	static uint8_t in[600];
	Answer		a;
	PpdlReceipt *r;
	int			asked = 100;

	random_rows(row, 600);
	encrypt_rows(key, row, 500, &opt);
	encrypt_rows(key, row + 500, 100, &opt);
	memset(in, 1, sizeof(in));
	a = answer(row, 600, in, 0);
	OK(ppdl_receipt_read(&r, NULL, &(PpdlPoll) {stop, &asked}, a.receipt.buf, a.receipt.len, ERR));
	ppdl_receipt_destroy(r);
	asked = 100 - asked;
	assert_int_equal(asked, 3);
	for (int i = 1; i <= 3; i++)
	{
		int			left = i;

		FAILS(PPDL_ERR_CANCELED, ppdl_receipt_read(&r, NULL, &(PpdlPoll) {stop, &left}, a.receipt.buf, a.receipt.len,
												   ERR));
		assert_null(r);
	}
	free_answer(&a);
	free_rows(row, 600);
}

/* no bytes are no row, also of a receipt that has none yet */
static void
test_no_bytes(void **state)
{
	PpdlReceipt *r;
	uint8_t    *none = malloc(1);

	OK(ppdl_receipt_create(&r, ERR));
	FAILS(PPDL_ERR_FORMAT, ppdl_receipt_add_bytes(r, none, 0, NULL, 0, ERR));
	ppdl_receipt_destroy(r);
	free(none);
}

/* ------------------------------------------------------------------ the manifest */

static uint32_t
note_row(PpdlManifest *m, const Row *row)
{
	PpdlRowNote note = {row->id, strlen(row->id)};
	uint32_t	number;
	PpdlCipher	c;
	PpdlWriter	w;

	put_bound(&w, row->ward);
	note.bound = w.buf;
	note.bound_len = w.len;
	OK(ppdl_cipher_parse(&c, row->value, row->len, ERR));
	OK(ppdl_manifest_add(m, &note, &number, ERR));
	OK(ppdl_manifest_place(m, number, 0, &c, ERR));
	ppdl_writer_free(&w);
	return number;
}

static PpdlManifest *
reread(PpdlManifest *m)
{
	PpdlWriter	w,
				again;
	PpdlManifest *back;

	ppdl_writer_init(&w);
	ppdl_writer_init(&again);
	OK(ppdl_manifest_write(m, owner, &w, ERR));
	ppdl_manifest_destroy(m);
	for (size_t i = 0; i < w.len; i++)
	{
		w.buf[i] ^= 1;
		assert_true(ppdl_manifest_read(&back, owner, w.buf, w.len, ERR) != PPDL_OK);
		w.buf[i] ^= 1;
	}
	OK(ppdl_manifest_read(&back, owner, w.buf, w.len, ERR));
	OK(ppdl_manifest_write(back, owner, &again, ERR));
	assert_int_equal(again.len, w.len);
	assert_memory_equal(again.buf, w.buf, w.len);
	ppdl_writer_free(&w);
	ppdl_writer_free(&again);
	return back;
}

static PpdlStatus
check_manifest(const PpdlManifest *m, const World *w)
{
	Answer		a = answer(w->row, N, w->in, 0);
	PpdlReceipt *r;
	PpdlStatus	status;

	OK(verify(&a, key, NULL));
	OK(ppdl_receipt_read(&r, NULL, NULL, a.receipt.buf, a.receipt.len, ERR));
	status = ppdl_manifest_check(m, 0, &r->section[0], ERR);
	/* what the server says of groups, and what the manifest knows, is the same; it alone will do */
	if (status == PPDL_OK)
	{
		for (uint32_t i = 0; i < r->section[0].nparts; i++)
			ppdl_receipt_forget_bounds(&r->section[0].part[i]);
		FAILS(PPDL_ERR_KEY, ppdl_receipt_check(key, r, &r->section[0], ERR));
		OK(ppdl_manifest_bind(m, 0, r, ERR));
		OK(ppdl_receipt_check(key, r, &r->section[0], ERR));
	}
	ppdl_receipt_destroy(r);
	free_answer(&a);
	return status;
}

/* an old version that is replayed, a deleted row, rows left out, rows that were never written into this table */
static void
test_manifest(void **state)
{
	const PpdlBatchOptions opt = compact(3);
	World		w = new_world();
	const PpdlBoundClaim in_a = {0, {"A", 1}},
				in_b = {0, {"B", 1}},
				in_none = {0, {NULL, 0}};
	PpdlManifest *m;
	PpdlOwner  *other;
	PpdlWriter	file;
	Row			old = w.row[7],
				new = old;

	OK(ppdl_manifest_create(&m, owner, "patients", bound_names, 1, ERR));
	for (int i = 0; i < N - 1; i++)
		assert_int_equal(note_row(m, &w.row[i]), i);
	m = reread(m);
	assert_int_equal(ppdl_manifest_live(m), N - 1);
	assert_string_equal(ppdl_manifest_domain(m, 0).bound[0], "ward");
	OK(check_manifest(m, &w));
	/* an update: the new row counts, the old one is found */
	encrypt_rows(key, &new, 1, &opt);
	note_row(m, &new);
	m = reread(m);
	FAILS(PPDL_ERR_KEY, check_manifest(m, &w));
	assert_non_null(strstr(test_error.message, "old version"));
	assert_non_null(strstr(test_error.message, old.id));
	w.row[7] = new;
	OK(check_manifest(m, &w));
	assert_int_equal(ppdl_manifest_live(m), N - 1);
	/* left out: fewer rows than the manifest has of that group */
	assert_int_equal(ppdl_manifest_count(m, 0, NULL, 0), N - 1);
	assert_int_equal(ppdl_manifest_count(m, 0, &in_a, 1), N / 2);
	assert_int_equal(ppdl_manifest_count(m, 0, &in_none, 1), 0);
	assert_int_equal(ppdl_manifest_count(m, 1, NULL, 0), 0);
	/* deleted */
	assert_true(ppdl_manifest_forget(m, w.row[3].id, strlen(w.row[3].id)));
	assert_false(ppdl_manifest_forget(m, w.row[3].id, strlen(w.row[3].id)));
	FAILS(PPDL_ERR_KEY, check_manifest(m, &w));
	w.in[3] = 0;
	OK(check_manifest(m, &w));
	assert_int_equal(ppdl_manifest_count(m, 0, &in_b, 1), N / 2 - 2);
	/* never written */
	w.in[N - 1] = 1;
	FAILS(PPDL_ERR_KEY, check_manifest(m, &w));
	assert_non_null(strstr(test_error.message, "not in the manifest"));
	/* of another owner */
	OK(ppdl_owner_generate(&other, "other", ERR));
	ppdl_writer_init(&file);
	OK(ppdl_manifest_write(m, owner, &file, ERR));
	ppdl_manifest_destroy(m);
	FAILS(PPDL_ERR_KEY, ppdl_manifest_read(&m, other, file.buf, file.len, ERR));
	ppdl_writer_free(&file);
	ppdl_owner_destroy(other);
	free(old.value);
	free_rows(w.row, N);
}

/* ------------------------------------------------------------------ odds and ends */

static void
test_rows_without(void **state)
{
	const PpdlBatchOptions opt = compact(2);
	Row			row[1];
	PpdlReceipt *r;
	PpdlCipher	c;
	uint8_t		slice[256];
	const PpdlRowNote note = {"x", 1};

	OK(ppdl_owner_encrypt(owner, slice, (double[WIDTH]) {0.5}, 1, WIDTH, &opt, ERR));
	OK(ppdl_params_get(PPDL_RING_COMPACT, &c.par, ERR));
	OK(ppdl_cipher_parse(&c, slice, ppdl_slice_size(c.par, 1, 2), ERR));
	OK(ppdl_receipt_create(&r, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_receipt_add(r, &c, NULL, 0, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_receipt_check_row(key, slice, ppdl_slice_size(c.par, 1, 2), &note, ERR));
	random_rows(row, 1);
	encrypt_rows(key, row, 1, &opt);
	assert_int_equal(row[0].len, ppdl_slice_size(c.par, 1, 2) + 32);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_receipt_tag_row(key, slice, row[0].value, row[0].len, &note, ERR));
	free_rows(row, 1);
	ppdl_receipt_destroy(r);
}

static void
test_bound_texts(void **state)
{
	const char *const value[] = {"a", NULL, "", "b=c"};
	const size_t len[] = {1, 0, 0, 3};
	PpdlBoundValue v[PPDL_MAX_BOUND_VALUES];
	PpdlWriter	w;
	int			n;

	ppdl_writer_init(&w);
	OK(ppdl_bound_write(&w, value, len, 4, ERR));
	OK(ppdl_bound_read(v, &n, w.buf, w.len, ERR));
	assert_int_equal(n, 4);
	assert_null(v[1].text);
	assert_int_equal(v[2].len, 0);
	assert_non_null(v[2].text);
	assert_memory_equal(v[3].text, "b=c", 3);
	for (size_t cut = 1; cut < w.len; cut++)
		if (cut != 6 && cut != 7 && cut != 12)
			FAILS(PPDL_ERR_FORMAT, ppdl_bound_read(v, &n, w.buf, cut, ERR));
	ppdl_writer_free(&w);
	FAILS(PPDL_ERR_RANGE, ppdl_bound_write(&w, &value[3], (size_t[]) {5000}, 1, ERR));
	ppdl_writer_free(&w);
}

/* rows of the owner and of a writer: each key's sum is checked and decrypted by itself */
static void
test_several_keys(void **state)
{
	enum {EACH = 30};
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 6, .ring = PPDL_RING_COMPACT};
	const PpdlBatchOptions coarse = {.limbs = 1, .scale_bits = 29, .logc = 6, .ring = PPDL_RING_COMPACT};
	PpdlOwner  *const mine = owner;
	PpdlOwner  *ward;
	PpdlReceiptKey *k,
			   *unread;
	PpdlReceipt *r,
			   *back;
	Row			row[2 * EACH + 1];
	uint8_t		in[2 * EACH];
	PpdlCipher	claim = {.kind = PPDL_KIND_ROW, .width = WIDTH, .scale = 0x1p30, .bound = 2 * EACH};
	PpdlWriter	wire;
	double		divisor;

	OK(ppdl_owner_generate_writer(&ward, "ward", ppdl_owner_fingerprint(owner), ERR));
	OK(ppdl_receipt_key_create(&k, ward, &domain, ERR));
	memset(in, 1, sizeof(in));
	random_rows(row, 2 * EACH + 1);
	encrypt_rows(key, row, EACH, &opt);
	owner = ward;
	encrypt_rows(k, row + EACH, EACH, &opt);
	encrypt_rows(k, row + 2 * EACH, 1, &coarse);
	owner = mine;
	OK(ppdl_receipt_create(&r, ERR));
	for (int i = 0; i < 2 * EACH; i++)
		add_row(r, NULL, &row[i]);
	ppdl_writer_init(&wire);
	OK(ppdl_receipt_write(r, &wire, ERR));
	OK(ppdl_receipt_read(&back, NULL, NULL, wire.buf, wire.len, ERR));
	assert_int_equal(back->nsections, 2);

	/* without the writer's seed, and with it */
	FAILS(PPDL_ERR_KEY, ppdl_receipt_key_of(&unread, owner, ppdl_owner_fingerprint(ward), &domain, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_receipt_total(back, owner, 1, &wire, ERR));
	owner->writer = malloc(sizeof(*owner->writer));
	owner->writer[0] = ward;
	owner->writers = 1;
	for (uint32_t i = 0; i < 2; i++)
	{
		PpdlReceiptKey *own;

		OK(ppdl_receipt_key_of(&own, owner, back->section[i].fingerprint, &domain, ERR));
		OK(ppdl_receipt_check(own, back, &back->section[i], ERR));
		FAILS(PPDL_ERR_KEY, ppdl_receipt_check(own, back, &back->section[1 - i], ERR));
		ppdl_receipt_key_destroy(own);
	}
	for (int average = 0; average < 2; average++)
	{
		wire.len = 0;
		OK(ppdl_receipt_total(back, owner, average ? 2 * EACH : 1, &wire, ERR));
		OK(ppdl_cipher_validate(wire.buf, wire.len, ERR));
		decrypts_to(&wire, row, 2 * EACH, in, average);
	}

	OK(ppdl_receipt_claim(back, &claim, &divisor, ERR));
	assert_true(divisor == 1);
	claim.scale *= 2 * EACH;
	claim.bound = 1;
	OK(ppdl_receipt_claim(back, &claim, &divisor, ERR));
	assert_true(divisor == 2 * EACH);
	claim.scale *= 2;
	FAILS(PPDL_ERR_KEY, ppdl_receipt_claim(back, &claim, &divisor, ERR));
	claim.scale = 0x1p30;
	claim.bound = 2 * EACH - 1;
	FAILS(PPDL_ERR_KEY, ppdl_receipt_claim(back, &claim, &divisor, ERR));
	claim.bound = 2 * EACH;
	claim.width++;
	FAILS(PPDL_ERR_KEY, ppdl_receipt_claim(back, &claim, &divisor, ERR));
	claim.width--;
	claim.kind = PPDL_KIND_PACKED;
	FAILS(PPDL_ERR_KEY, ppdl_receipt_claim(back, &claim, &divisor, ERR));

	/* a row of another scale */
	add_row(r, NULL, &row[2 * EACH]);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_receipt_claim(r, &claim, &divisor, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_receipt_total(r, owner, 1, &wire, ERR));

	ppdl_writer_free(&wire);
	ppdl_receipt_destroy(back);
	ppdl_receipt_destroy(r);
	ppdl_receipt_key_destroy(k);
	free_rows(row, 2 * EACH + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_sums),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_altered_row),
		cmocka_unit_test(test_swapped_and_replayed),
		cmocka_unit_test(test_sections_of_keys),
		cmocka_unit_test(test_other_rows),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_other_sums),
		cmocka_unit_test(test_moved_between_parts),
		cmocka_unit_test(test_reading_is_cancelled),
		cmocka_unit_test(test_no_bytes),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_rows_without),
		cmocka_unit_test(test_bound_texts),
		cmocka_unit_test(test_several_keys),
	};

	test_seed("test_receipt");
	return cmocka_run_group_tests(tests, setup, teardown);
}
