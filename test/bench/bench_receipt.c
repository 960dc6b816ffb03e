/*
 * Receipts on one thread: what tags cost rows, sums and their owner.  Prints `name<TAB>value<TAB>unit<TAB>note`, one
 * figure a line.  Times are processor times, the smallest of some runs but for what is run once.
 */
#include <string.h>

#include "bench.h"
#include "owner/receipt.h"
#include "rows/cipher_read.h"
#include "rows/sum.h"

#define WIDTH 16
#define LOGK 4
#define BATCH 128
#define BATCHES 7813			/* a million rows */
#define SOME 512				/* batches of the comparison: 65,536 rows */
#define RUNS 7

typedef struct Bench
{
	PpdlOwner  *owner;
	PpdlReceiptKey *key;
	const PpdlParams *par;
	size_t		size[2];		/* of a row without tags, with */
	uint8_t    *rows[2];		/* SOME batches of both */
	double		x[BATCH * WIDTH];
} Bench;

static void
encrypt(Bench *b, uint8_t *out)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 28, .logc = 7, .ring = PPDL_RING_COMPACT,
		.encoding = UINT64_C(0x3fa2b1c4d5e6)};

	OK(ppdl_owner_encrypt(b->owner, out, b->x, BATCH, WIDTH, &opt, &err));
}

static void
tag(Bench *b, uint8_t *out, const uint8_t *rows, uint32_t first)
{
	char		id[16];

	for (int i = 0; i < BATCH; i++)
	{
		PpdlRowNote note = {id, (size_t) snprintf(id, sizeof(id), "%u", first + (uint32_t) i)};

		OK(ppdl_receipt_tag_row(b->key, out + (size_t) i * b->size[1], rows + (size_t) i * b->size[0], b->size[0], &note,
								&err));
	}
}

static double
sum_once(const Bench *b, int tagged)
{
	PpdlSum    *s;
	double		t = now();

	OK(ppdl_sum_create(&s, &err));
	for (size_t i = 0; i < SOME * BATCH; i++)
		OK(ppdl_sum_add_bytes(s, b->rows[tagged] + i * b->size[tagged], b->size[tagged], &err));
	t = now() - t;
	ppdl_sum_destroy(s);
	return t;
}

static double
receipt_once(const Bench *b)
{
	PpdlReceipt *r;
	double		t = now();

	OK(ppdl_receipt_create(&r, &err));
	for (size_t i = 0; i < SOME * BATCH; i++)
		OK(ppdl_receipt_add_bytes(r, b->rows[1] + i * b->size[1], b->size[1], NULL, 0, &err));
	t = now() - t;
	ppdl_receipt_destroy(r);
	return t;
}

static void
bench_rows(Bench *b)
{
	double		add[2] = {1e9, 1e9},
				tagging = 1e9,
				receipt = 1e9;

	for (int i = 0; i < SOME; i++)
		encrypt(b, b->rows[0] + (size_t) i * BATCH * b->size[0]);
	for (int run = 0; run < repeats(RUNS); run++)
	{
		double		t = now();

		for (int i = 0; i < SOME; i++)
			tag(b, b->rows[1] + (size_t) i * BATCH * b->size[1], b->rows[0] + (size_t) i * BATCH * b->size[0],
				(uint32_t) i * BATCH);
		t = now() - t;
		tagging = t < tagging ? t : tagging;
		for (int k = 0; k < 2; k++)
		{
			t = sum_once(b, k);
			add[k] = t < add[k] ? t : add[k];
		}
		t = receipt_once(b);
		receipt = t < receipt ? t : receipt;
	}
	printf("receipt_row_bytes\t%zu\tbytes\ttags and MAC of a compact row\n", b->size[1] - b->size[0]);
	printf("tag_rows_per_s\t%.0f\trows/s\t16 values, compact\n", SOME * BATCH / tagging);
	printf("sum_tagged_over_sum_memory\t%.3f\tratio\ta sum of compact rows with tags over one without, %d rows in memory\n",
		   add[1] / add[0], SOME * BATCH);
	printf("receipt_add_ns\t%.1f\tns/row\tlwe_receipt beside it\n", receipt / (SOME * BATCH) * 1e9);
}

/* what the owner does with the receipt of a million rows and the sum that came beside it */
static void
bench_verify(Bench *b)
{
	uint8_t    *row = malloc(BATCH * b->size[1]);
	PpdlReceipt *r;
	PpdlSum    *s;
	PpdlWriter	receipt,
				sum,
				verified;
	PpdlCipher	c;
	PpdlValues	v;
	double		t,
				checked,
				divisor;

	OK(ppdl_receipt_create(&r, &err));
	OK(ppdl_sum_create(&s, &err));
	for (uint32_t i = 0; i < BATCHES; i++)
	{
		encrypt(b, b->rows[0]);
		tag(b, row, b->rows[0], i * BATCH);
		for (size_t k = 0; k < BATCH; k++)
		{
			OK(ppdl_receipt_add_bytes(r, row + k * b->size[1], b->size[1], NULL, 0, &err));
			OK(ppdl_sum_add_bytes(s, row + k * b->size[1], b->size[1], &err));
		}
	}
	ppdl_writer_init(&receipt);
	ppdl_writer_init(&sum);
	ppdl_writer_init(&verified);
	OK(ppdl_receipt_write(r, &receipt, &err));
	OK(ppdl_sum_finish(s, 1, &sum, &err));
	ppdl_receipt_destroy(r);
	ppdl_sum_destroy(s);
	t = now();
	OK(ppdl_receipt_read(&r, NULL, NULL, receipt.buf, receipt.len, &err));
	OK(ppdl_receipt_check(b->key, r, &r->section[0], &err));
	checked = now() - t;
	OK(ppdl_cipher_parse(&c, sum.buf, sum.len, &err));
	OK(ppdl_receipt_match(r, &r->section[0], &c, &divisor, &err));
	OK(ppdl_receipt_sum(r, &r->section[0], divisor, &verified, &err));
	OK(ppdl_owner_decrypt(b->owner, &v, verified.buf, verified.len, 0, &err));
	t = now() - t;
	printf("receipt_bytes_1m\t%zu\tbytes\tof a sum of a million compact rows, whole batches\n", receipt.len);
	printf("verify_1m_tags_s\t%.3g\ts\tof the next, reading the receipt and checking its tags\n", checked);
	printf("verify_1m_rows_s\t%.3g\ts\tthat sum checked against its receipt, and decrypted\n", t);
	ppdl_values_free(&v);
	ppdl_receipt_destroy(r);
	ppdl_writer_free(&receipt);
	ppdl_writer_free(&sum);
	ppdl_writer_free(&verified);
	free(row);
}

int
main(void)
{
	static Bench b;

	OK(ppdl_owner_generate(&b.owner, "bench", &err));
	OK(ppdl_receipt_key_create(&b.key, b.owner, &(PpdlReceiptDomain) {"patients", "features", NULL, 0}, &err));
	OK(ppdl_params_get(PPDL_RING_COMPACT, &b.par, &err));
	for (int k = 0; k < 2; k++)
	{
		b.size[k] = ppdl_slice_size(b.par, 1, LOGK) + (k ? ppdl_tag_bytes(1) : 0);
		b.rows[k] = malloc(SOME * BATCH * b.size[k]);
	}
	for (int i = 0; i < BATCH * WIDTH; i++)
		b.x[i] = (double) (i % 2001) / 1000 - 1;
	bench_rows(&b);
	bench_verify(&b);
	free(b.rows[0]);
	free(b.rows[1]);
	ppdl_receipt_key_destroy(b.key);
	ppdl_owner_destroy(b.owner);
	return 0;
}
