/*
 * Known answers: everything stored follows from fixed seeds to the byte, and what
 * was written once can be read for ever.  contrib-data/kat/rows.txt holds the
 * answers; PPDL_KAT_WRITE=1 writes it anew (only for a new format version).
 */
#include "rows_util.h"

#include "ckks/wire.h"
#include "owner/owner_impl.h"
#include "owner/receipt.h"
#include "owner/writer.h"
#include "rows/combine.h"
#include "rows/pack.h"
#include "rows/sum.h"

#define FILE_NAME "contrib-data/kat/rows.txt"

static const double x[3][3] = {{0.5, -0.25, 1}, {-1, 0, 0.0625}, {0.75, 0.125, -0.5}};

static PpdlOwner *owner;
static PpdlRng *rng;
static uint8_t *slices[2];		/* compact as version 0.1.0 wrote them, full: 3 rows each */
static size_t slice_size[2];
static uint8_t *compact;		/* as they are since: 3 rows */
static size_t compact_size;
static uint8_t *encoded;		/* the same, in an encoding that is known */
static char *text;				/* the answers of this program */
static size_t text_len;

static void
say(FILE *f, const char *name, const uint8_t *bytes, size_t len)
{
	fprintf(f, "%s ", name);
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02x", bytes[i]);
	fprintf(f, "\n");
}

static void
say_hash(FILE *f, const char *name, const void *bytes, size_t len)
{
	uint8_t		hash[32];

	OK(ppdl_sha256(hash, bytes, len, ERR));
	say(f, name, hash, 32);
}

static void
say_slices(FILE *f)
{
	static const char *const name[2] = {"compact_slice", "full_slice"};
	const PpdlSecret *sk;

	OK(ppdl_owner_secret(owner, PPDL_RING_ROW, &sk, ERR));
	for (int full = 0; full < 2; full++)
	{
		const PpdlBatchOptions opt = {full ? sk->par->nq : 1, 30, 2};

		slice_size[full] = ppdl_slice_size(sk->par, opt.limbs, 2);
		slices[full] = malloc(3 * slice_size[full]);
		OK(ppdl_batch_encrypt(slices[full], x[0], 3, 3, &opt, &(PpdlBatchKey) {sk, ppdl_owner_fingerprint(owner), rng},
							  ERR));
		for (int i = 0; i < 3; i++)
			say(f, name[full], slices[full] + (size_t) i * slice_size[full], slice_size[full]);
	}
}

static void
say_sums(FILE *f)
{
	PpdlWriter	w;
	PpdlCipher	a,
				b;
	PpdlSum    *s;

	OK(ppdl_sum_create(&s, ERR));
	for (int i = 0; i < 3; i++)
		OK(ppdl_sum_add_bytes(s, slices[0] + (size_t) i * slice_size[0], slice_size[0], ERR));
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(s, 3, &w, ERR));
	say_hash(f, "sha256_of_average", w.buf, w.len);
	ppdl_sum_destroy(s);
	w.len = 0;
	OK(ppdl_cipher_parse(&a, slices[1], slice_size[1], ERR));
	OK(ppdl_cipher_parse(&b, slices[1] + slice_size[1], slice_size[1], ERR));
	OK(ppdl_cipher_combine(&w, &a, 0.5, &b, -3, ERR));
	say_hash(f, "sha256_of_combination", w.buf, w.len);
	ppdl_writer_free(&w);
}

/* what version 0.2.0 adds */
static void
say_compact(FILE *f)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 2, .ring = PPDL_RING_COMPACT};
	const PpdlKeyNeed need = {.ring = PPDL_RING_COMPACT, .id = PPDL_KEY_PUBLIC, .limbs = 1};
	const PpdlSecret *sk;
	PpdlWriter	w;

	OK(ppdl_owner_secret(owner, PPDL_RING_COMPACT, &sk, ERR));
	say_hash(f, "sha256_of_compact_secret", sk->coeff, sk->par->n);
	ppdl_writer_init(&w);
	OK(ppdl_owner_eval_key(owner, &need, NULL, &w, ERR));
	say_hash(f, "sha256_of_compact_public_key", w.buf, w.len);
	ppdl_writer_free(&w);
	compact_size = ppdl_slice_size(sk->par, 1, 2);
	compact = malloc(3 * compact_size);
	OK(ppdl_batch_encrypt(compact, x[0], 3, 3, &opt, &(PpdlBatchKey) {sk, ppdl_owner_fingerprint(owner), rng}, ERR));
	for (int i = 0; i < 3; i++)
		say(f, "compact11_slice", compact + (size_t) i * compact_size, compact_size);
}

/* rows that say their encoding, and what becomes of them */
static void
say_encoded(FILE *f)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 2, .ring = PPDL_RING_COMPACT,
		.encoding = UINT64_C(0x3fa2b1c4d5e6)};
	const PpdlSecret *sk;
	PpdlWriter	w;
	PpdlCipher	c;
	PpdlSum    *s;

	OK(ppdl_owner_secret(owner, PPDL_RING_COMPACT, &sk, ERR));
	encoded = malloc(3 * compact_size);
	OK(ppdl_batch_encrypt(encoded, x[0], 3, 3, &opt, &(PpdlBatchKey) {sk, ppdl_owner_fingerprint(owner), rng}, ERR));
	OK(ppdl_sum_create(&s, ERR));
	for (int i = 0; i < 3; i++)
	{
		say(f, "encoded_slice", encoded + (size_t) i * compact_size, compact_size);
		OK(ppdl_sum_add_bytes(s, encoded + (size_t) i * compact_size, compact_size, ERR));
	}
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(s, 3, &w, ERR));
	say(f, "encoded_average_head", w.buf, PPDL_ROW_HEADER);
	say_hash(f, "sha256_of_encoded_average", w.buf, w.len);
	ppdl_sum_destroy(s);
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	assert_true(c.encoding == opt.encoding);
	ppdl_writer_free(&w);
}

/* the encoded rows, and the second full one, with tags and MACs: bound values "A" and NULL; and the receipt of two */
static void
say_tagged(FILE *f)
{
	static const char *const names[] = {"ward", "sex"};
	const char *const value[] = {"A", NULL};
	const size_t len[] = {1, 0};
	const PpdlReceiptDomain domain = {"patients", "features", names, 2};
	PpdlReceiptKey *key;
	PpdlReceipt *r;
	PpdlWriter	bound,
				w;
	PpdlCipher	c;
	uint8_t		row[1024];

	OK(ppdl_receipt_key_create(&key, owner, &domain, ERR));
	OK(ppdl_receipt_create(&r, ERR));
	ppdl_writer_init(&bound);
	ppdl_writer_init(&w);
	OK(ppdl_bound_write(&bound, value, len, 2, ERR));
	for (int i = 0; i < 4; i++)
	{
		const uint8_t *slice = i < 3 ? encoded + (size_t) i * compact_size : slices[1] + slice_size[1];
		const size_t size = i < 3 ? compact_size : slice_size[1];
		const PpdlRowNote note = {"p1", 2, bound.buf, bound.len};

		OK(ppdl_receipt_tag_row(key, row, slice, size, &note, ERR));
		OK(ppdl_cipher_parse(&c, row, size + ppdl_tag_bytes(i < 3 ? 1 : 2), ERR));
		say(f, "tagged_slice", row, size + ppdl_tag_bytes(c.limbs));
		if (i == 0 || i == 2)
			OK(ppdl_receipt_add(r, &c, bound.buf, bound.len, ERR));
	}
	OK(ppdl_receipt_write(r, &w, ERR));
	say(f, "receipt", w.buf, w.len);
	ppdl_writer_free(&w);
	ppdl_writer_free(&bound);
	ppdl_receipt_destroy(r);
	ppdl_receipt_key_destroy(key);
}

static PpdlPublicKey *
read_public_key(const PpdlKeyNeed *need, uint8_t hash[32])
{
	PpdlPublicKey *pk;
	PpdlWriter	w;
	PpdlReader	r;

	ppdl_writer_init(&w);
	if (need == NULL)
		OK(ppdl_owner_public_key(owner, &w, ERR));
	else
		OK(ppdl_owner_eval_key(owner, need, NULL, &w, ERR));
	OK(ppdl_sha256(hash, w.buf, w.len, ERR));
	r = ppdl_reader(w.buf, w.len);
	OK(ppdl_wire_get_public_key(&r, &pk, ERR));
	ppdl_writer_free(&w);
	return pk;
}

/* what the owner's public file gives to those who make writers' keys */
static void
get_recipient(PpdlRecipient *to)
{
	const PpdlKeyNeed special = {.ring = PPDL_RING_ROW, .id = PPDL_KEY_PUBLIC_SPECIAL, .limbs = 1},
				encapsulation = {.ring = PPDL_RING_COMPACT, .id = PPDL_KEY_ENCAPSULATION, .limbs = 1};
	uint8_t		hash[32];
	PpdlWriter	w;
	PpdlReader	r;

	memset(to, 0, sizeof(*to));
	memcpy(to->fingerprint, ppdl_owner_fingerprint(owner), 8);
	to->row = read_public_key(NULL, hash);
	to->encapsulation = read_public_key(&encapsulation, to->encapsulation_hash);
	ppdl_writer_init(&w);
	OK(ppdl_owner_eval_key(owner, &special, NULL, &w, ERR));
	r = ppdl_reader(w.buf, w.len);
	OK(ppdl_wire_get_public_special(&r, &to->special, ERR));
	ppdl_writer_free(&w);
}

/* parts for writers, and of a writer: sealed seeds are opened by making them again, and must never change */
static void
say_writers(FILE *f)
{
	static const struct
	{
		PpdlKeyNeed need;
		const char *name;
	}			owners[] = {
		{{PPDL_RING_ROW, PPDL_KEY_PUBLIC_SPECIAL, 1, 2, 0}, "sha256_of_public_special"},
		{{PPDL_RING_COMPACT, PPDL_KEY_ENCAPSULATION, 1, 0, 0}, "sha256_of_encapsulation_key"},
		{{PPDL_RING_ROW, PPDL_KEY_BRIDGE_COMPACT, 1, 2, 0}, "sha256_of_row_bridge_compact"},
	},			writers[] = {
		{{PPDL_RING_ROW, PPDL_KEY_WRITER, 1, 0, 0}, "sha256_of_writer"},
		{{PPDL_RING_ROW, PPDL_KEY_TO_OWNER, 2, 2, 0}, "sha256_of_to_owner"},
		{{PPDL_RING_ROW, PPDL_KEY_TO_OWNER_COMPACT, 1, 2, 0}, "sha256_of_to_owner_compact"},
	};
	uint8_t		master[32];
	PpdlRecipient to;
	PpdlOwner  *writer;
	PpdlWriter	w;

	for (int i = 0; i < 32; i++)
		master[i] = (uint8_t) (0x40 + i);
	OK(ppdl_owner_from_master(&writer, "ward7", master, ERR));
	get_recipient(&to);
	ppdl_writer_init(&w);
	for (int i = 0; i < 3; i++, w.len = 0)
	{
		OK(ppdl_owner_eval_key(owner, &owners[i].need, NULL, &w, ERR));
		say_hash(f, owners[i].name, w.buf, w.len);
	}
	for (int i = 0; i < 3; i++, w.len = 0)
	{
		OK(ppdl_writer_part(writer, &to, &writers[i].need, NULL, &w, ERR));
		say_hash(f, writers[i].name, w.buf, w.len);
	}
	ppdl_writer_free(&w);
	ppdl_recipient_free(&to);
	ppdl_owner_destroy(writer);
}

static int
setup(void **state)
{
	uint8_t		master[32],
				seed[32];
	const PpdlSecret *sk;
	PpdlWriter	w;
	FILE	   *f = open_memstream(&text, &text_len);

	for (int i = 0; i < 32; i++)
	{
		master[i] = (uint8_t) i;
		seed[i] = (uint8_t) (0xA0 + i);
	}
	OK(ppdl_owner_from_master(&owner, "kat", master, ERR));
	OK(ppdl_rng_create_seeded(&rng, seed, 5, ERR));
	say(f, "master", master, 32);
	say(f, "fingerprint", ppdl_owner_fingerprint(owner), 8);
	OK(ppdl_owner_secret(owner, PPDL_RING_ROW, &sk, ERR));
	say_hash(f, "sha256_of_row_secret", sk->coeff, sk->par->n);
	OK(ppdl_owner_secret(owner, PPDL_RING_DEEP, &sk, ERR));
	say_hash(f, "sha256_of_deep_secret", sk->coeff, sk->par->n);
	ppdl_writer_init(&w);
	OK(ppdl_owner_public_key(owner, &w, ERR));
	say_hash(f, "sha256_of_public_key", w.buf, w.len);
	ppdl_writer_free(&w);
	say(f, "batch_randomness", seed, 32);
	say_slices(f);
	say_sums(f);
	say_compact(f);
	say_encoded(f);
	say_tagged(f);
	say_writers(f);
	fclose(f);
	return 0;
}

static int
teardown(void **state)
{
	free(slices[0]);
	free(slices[1]);
	free(compact);
	free(encoded);
	free(text);
	ppdl_rng_destroy(rng);
	ppdl_owner_destroy(owner);
	return 0;
}

static void
test_answers(void **state)
{
	char		line[1200];
	size_t		at = 0;
	FILE	   *f;

	if (getenv("PPDL_KAT_WRITE") != NULL)
	{
		f = fopen(FILE_NAME, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
	}
	f = fopen(FILE_NAME, "r");
	if (f == NULL)
		fail_msg("no file %s (run this from the top of the source tree)", FILE_NAME);
	while (fgets(line, sizeof(line), f) != NULL)
	{
		size_t		len = strlen(line);

		if (at + len > text_len || memcmp(text + at, line, len) != 0)
			fail_msg("expected %s, got %.*s", line, (int) strcspn(text + at, "\n"), text + at);
		at += len;
	}
	fclose(f);
	assert_int_equal(at, text_len);
}

static void
check_readable(const uint8_t *rows, size_t size)
{
	for (int i = 0; i < 3; i++)
	{
		PpdlValues	v;

		OK(ppdl_owner_decrypt(owner, &v, rows + (size_t) i * size, size, 0, ERR));
		for (int f = 0; f < 3; f++)
			assert_true(fabs(v.v[f] - x[i][f]) < 1e-7);
		ppdl_values_free(&v);
	}
}

static void
test_readable(void **state)
{
	for (int full = 0; full < 2; full++)
		check_readable(slices[full], slice_size[full]);
	check_readable(compact, compact_size);
	check_readable(encoded, compact_size);
}

/* a key file as written by version 1, with the passphrase "known answer" */
static void
test_key_file(void **state)
{
	char		name[64],
				fingerprint[17],
				want[17];
	PpdlOwner  *o;

	if (getenv("PPDL_KAT_WRITE") != NULL)
		OK(ppdl_owner_save(owner, "contrib-data/kat/owner.key", "known answer", ERR));
	OK(ppdl_owner_peek("contrib-data/kat/owner.key", name, fingerprint, ERR));
	ppdl_fingerprint_hex(want, ppdl_owner_fingerprint(owner));
	assert_string_equal(name, "kat");
	assert_string_equal(fingerprint, want);
	OK(ppdl_owner_load(&o, "contrib-data/kat/owner.key", "known answer", ERR));
	assert_memory_equal(ppdl_owner_fingerprint(o), ppdl_owner_fingerprint(owner), 8);
	ppdl_owner_destroy(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_readable),
		cmocka_unit_test(test_key_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
