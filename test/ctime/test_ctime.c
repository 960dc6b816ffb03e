/*
 * Constant time as a test: under valgrind, secrets are undefined memory, and
 * memcheck reports every branch and every address that depends on them.  Run by
 * test/scripts/run_ctime.sh, on the optimised objects, at the scalar and the AVX2 kernels
 * (valgrind knows no AVX-512; the kernels of that level have the same shape as those of AVX2).
 *
 * Secret here: master seeds, what generators give to samplers, secret keys,
 * plaintexts, the exponents of RSA.  Public: seeds of uniform halves, ciphertexts, results handed to
 * their owner; src/ says so with ppdl_declassify() where code depends on more than
 * that.  OpenSSL's and GMP's own insides are theirs (suppressed in ctime.supp).
 *
 * With the argument "leak" it branches on a secret, to show that this is noticed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "base/cpu.h"
#include "base/declassify.h"
#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "owner/owner_impl.h"
#include "owner/receipt.h"
#include "rows/cipher_read.h"
#include "rows/decrypt.h"
#include "rows/pack.h"
#include "rows/packed_writer.h"
#include "rows/sum.h"
#include "rsa/rsa.h"

static PpdlError err;

#define OK(expr) \
	do { \
		if ((expr) != PPDL_OK) \
		{ \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #expr, err.message); \
			exit(1); \
		} \
	} while (0)

#define SECRET(p, n) ((void) VALGRIND_MAKE_MEM_UNDEFINED(p, n))
#define PUBLIC(p, n) ((void) VALGRIND_MAKE_MEM_DEFINED(p, n))

static void
declassify(const void *p, size_t bytes)
{
	PUBLIC(p, bytes);
}

PpdlStatus	__real_ppdl_rng_bytes(PpdlRng *rng, void *out, size_t len, PpdlError *e);
PpdlStatus	__wrap_ppdl_rng_bytes(PpdlRng *rng, void *out, size_t len, PpdlError *e);
PpdlStatus	__real_ppdl_owner_from_master(PpdlOwner **out, const char *name, const uint8_t *master, PpdlError *e);
PpdlStatus	__wrap_ppdl_owner_from_master(PpdlOwner **out, const char *name, const uint8_t *master, PpdlError *e);

/* what samplers draw is secret; seeds, which are 32 bytes, are published */
PpdlStatus
__wrap_ppdl_rng_bytes(PpdlRng *rng, void *out, size_t len, PpdlError *e)
{
	PpdlStatus	status = __real_ppdl_rng_bytes(rng, out, len, e);

	if (len == PPDL_SEED_BYTES)
		PUBLIC(out, len);
	else
		SECRET(out, len);
	return status;
}

/* master seeds are secret, however they came to be */
PpdlStatus
__wrap_ppdl_owner_from_master(PpdlOwner **out, const char *name, const uint8_t *master, PpdlError *e)
{
	uint8_t		secret[PPDL_MASTER_BYTES];

	memcpy(secret, master, sizeof(secret));
	SECRET(secret, sizeof(secret));
	return __real_ppdl_owner_from_master(out, name, secret, e);
}

/* ------------------------------------------------------------------ owner: keys, rows, results */

#define ROWS 4
#define WIDTH 5

/* rows in a ring, written by one copy of a key, and a sum of them, read by another */
static void
owner_rows(PpdlOwner *writer, PpdlOwner *reader, uint8_t ring, int limbs)
{
	const PpdlBatchOptions opt = {.limbs = limbs, .scale_bits = 30, .logc = 4, .ring = ring};
	double		x[ROWS * WIDTH];
	const PpdlParams *par;
	uint8_t    *slice;
	size_t		each;
	PpdlWriter	sum;
	PpdlSum    *s;

	OK(ppdl_params_get(ring, &par, &err));
	each = ppdl_slice_size(par, opt.limbs, ppdl_log2_width(WIDTH));
	slice = malloc(ROWS * each);
	for (int i = 0; i < ROWS * WIDTH; i++)
		x[i] = (i % 11 - 5) / 5.0;
	SECRET(x, sizeof(x));
	OK(ppdl_owner_encrypt(writer, slice, x, ROWS, WIDTH, &opt, &err));
	PUBLIC(slice, ROWS * each);
	OK(ppdl_sum_create(&s, &err));
	for (int i = 0; i < ROWS; i++)
		OK(ppdl_sum_add_bytes(s, slice + (size_t) i * each, each, &err));
	ppdl_writer_init(&sum);
	OK(ppdl_sum_finish(s, 1, &sum, &err));

	for (int share = 0; share <= 1; share++)
	{
		PpdlValues	v;

		OK(ppdl_owner_decrypt(reader, &v, slice, each, share, &err));
		ppdl_values_free(&v);
		OK(ppdl_owner_decrypt(reader, &v, sum.buf, sum.len, share, &err));
		ppdl_values_free(&v);
	}
	ppdl_sum_destroy(s);
	ppdl_writer_free(&sum);
	free(slice);
}

/* tags and MACs, and the check of both */
static void
owner_receipts(PpdlOwner *o)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 4, .ring = PPDL_RING_COMPACT};
	const PpdlReceiptDomain domain = {"patients", "features", NULL, 0};
	const PpdlRowNote note = {"1", 1};
	const double x[ROWS * WIDTH] = {0.5};
	uint8_t		slice[ROWS * 256],
				row[256];
	const PpdlParams *par;
	PpdlReceiptKey *key;
	PpdlReceipt *r;
	size_t		each;

	OK(ppdl_params_get(PPDL_RING_COMPACT, &par, &err));
	each = ppdl_slice_size(par, 1, ppdl_log2_width(WIDTH));
	OK(ppdl_owner_encrypt(o, slice, x, ROWS, WIDTH, &opt, &err));
	PUBLIC(slice, sizeof(slice));
	SECRET(o->master, sizeof(o->master));
	OK(ppdl_receipt_key_create(&key, o, &domain, &err));
	OK(ppdl_receipt_create(&r, &err));
	for (int i = 0; i < ROWS; i++)
	{
		PpdlCipher	c;

		OK(ppdl_receipt_tag_row(key, row, slice + (size_t) i * each, each, &note, &err));
		PUBLIC(row, sizeof(row));
		OK(ppdl_receipt_check_row(key, row, each + ppdl_tag_bytes(1), &note, &err));
		OK(ppdl_cipher_parse(&c, row, each + ppdl_tag_bytes(1), &err));
		OK(ppdl_receipt_add(r, &c, NULL, 0, &err));
	}
	OK(ppdl_receipt_check(key, r, &r->section[0], &err));
	ppdl_receipt_destroy(r);
	ppdl_receipt_key_destroy(key);
}

static void
owner(void)
{
	static const PpdlScrypt cost = {2, 1, 1};
	const PpdlKeyNeed public = {.ring = PPDL_RING_COMPACT, .id = PPDL_KEY_PUBLIC, .limbs = 1};
	uint8_t		master[PPDL_MASTER_BYTES] = {1, 2, 3};
	PpdlOwner  *o,
			   *again;
	PpdlWriter	w;

	OK(ppdl_owner_from_master(&o, "clinic", master, &err));

	/* key files, and the second public key */
	ppdl_writer_init(&w);
	OK(ppdl_key_file_write(o, "only for tests", &cost, &w, &err));
	OK(ppdl_owner_read(&again, (char *) w.buf, w.len, "only for tests", &err));
	OK(ppdl_owner_eval_key(o, &public, NULL, &w, &err));
	ppdl_writer_free(&w);

	owner_rows(again, o, PPDL_RING_ROW, 2);
	owner_rows(again, o, PPDL_RING_COMPACT, 1);
	owner_receipts(o);
	ppdl_owner_destroy(o);
	ppdl_owner_destroy(again);
}

/* ------------------------------------------------------------------ keys and ciphertexts of any ring */

/* a whole batch but one row, as a packed value, decrypted */
static void
packed(PpdlEval *ev, const PpdlSecret *sk, PpdlRng *rng)
{
	const PpdlParams *par = ev->par;
	const int	logk = ppdl_log2_width(WIDTH),
				rows = 1 << (par->logn - logk);
	const PpdlBatchOptions opt = {.limbs = 2, .scale_bits = 30, .logc = par->logn - logk};
	const uint8_t fp[PPDL_FINGERPRINT_BYTES] = {1};
	const size_t each = ppdl_slice_size(par, opt.limbs, logk);
	double	   *x = calloc((size_t) rows * WIDTH, sizeof(double));
	uint8_t    *slice = malloc((size_t) rows * each);
	PpdlCollector *col;
	PpdlPackedWriter *pw;
	PpdlPacked	p;
	PpdlWriter	w;
	PpdlValues	v;
	PpdlCipher	c;
	int			found;

	SECRET(x, (size_t) rows * WIDTH * sizeof(double));
	OK(ppdl_batch_encrypt(slice, x, rows, WIDTH, &opt, &(PpdlBatchKey) {sk, fp, rng}, &err));
	PUBLIC(slice, (size_t) rows * each);
	OK(ppdl_collector_create(&col, opt.limbs, &err));
	for (int i = 0; i < rows; i++)
	{
		OK(ppdl_cipher_parse_in(&c, par, slice + (size_t) i * each, each, &err));
		OK(ppdl_collector_add(col, &c, (uint32_t) i, &found, &err));
	}
	OK(ppdl_pack_complete(ev, col, &p, &found, &err));
	p.ordinal[3] = PPDL_NO_PLACE;
	ppdl_writer_init(&w);
	OK(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, WIDTH, logk, fp, &err));
	OK(ppdl_packed_writer_add(pw, ev, &p.ct, p.ordinal, &err));
	OK(ppdl_packed_writer_finish(pw, (uint32_t) rows, &w, &err));
	OK(ppdl_cipher_parse_in(&c, par, w.buf, w.len, &err));
	OK(ppdl_cipher_decrypt(&v, &c, sk, &err));
	ppdl_values_free(&v);
	ppdl_packed_writer_destroy(pw);
	ppdl_packed_release(ev, &p);
	ppdl_collector_destroy(col);
	ppdl_writer_free(&w);
	free(x);
	free(slice);
}

static void
ring(void)
{
	const PpdlParams *row;
	PpdlParamsLiteral lit = {.id = PPDL_RING_CUSTOM, .name = "toy", .logn = 8};
	uint8_t		seed[PPDL_SEED_BYTES] = {5};
	double complex z[128];
	PpdlParams *par;
	PpdlPool   *pool = ppdl_pool_create();
	PpdlRng    *rng;
	PpdlSecret *sk,
			   *sparse;
	PpdlPublicKey *pk;
	PpdlSwitchKey *key;
	PpdlEval	ev;
	PpdlPt		pt;

	OK(ppdl_params_get(PPDL_RING_ROW, &row, &err));
	lit.nq = row->nq;
	lit.np = row->np;
	for (int i = 0; i < row->nq + row->np; i++)
		*(i < row->nq ? &lit.q[i] : &lit.p[i - row->nq]) = row->ring->mod[i].q;
	OK(ppdl_params_create(&par, &lit, 0, &err));
	SECRET(seed, sizeof(seed));
	OK(ppdl_rng_create_seeded(&rng, seed, 3, &err));
	OK(ppdl_secret_create(&sk, par, rng, &err));
	OK(ppdl_secret_create_sparse(&sparse, par, 32, rng, &err));
	OK(ppdl_public_key_create(&pk, sk, rng, &err));
	PUBLIC(pk->b, (size_t) par->nq * par->n * 8);
	for (uint32_t id = PPDL_KEY_RELIN; id <= 3; id += 3)
	{
		OK(ppdl_eval_key_create(&key, id, sk, par->nq, rng, NULL, &err));
		ppdl_switch_key_destroy(key);
	}
	OK(ppdl_switch_key_create(&key, &(PpdlSwitchKeyForm) {PPDL_KEY_TO_SPARSE, 1, 1}, sk, sparse, rng, NULL, &err));
	ppdl_switch_key_destroy(key);

	OK(ppdl_eval_init(&ev, par, pool, NULL, &err));
	OK(ppdl_pt_alloc(&ev, &pt, 3, &err));
	for (int i = 0; i < 128; i++)
		z[i] = (i % 7 - 3) / 4.0;
	OK(ppdl_encode_slots(par, &pt, z, 128, 0x1p38, 3, &err));
	/* encoding may depend on values in the sine and rounding of the C library; from here on they are secret */
	SECRET(pt.p, 3 * par->n * 8);
	for (int public = 0; public <= 1; public++)
	{
		PpdlCt		ct;

		OK(public ? ppdl_encrypt_public(&ev, &ct, &pt, pk, rng, &err) :
		   ppdl_encrypt_secret(&ev, &ct, &pt, sk, rng, &err));
		PUBLIC(ct.a, 3 * par->n * 8);
		PUBLIC(ct.b, 3 * par->n * 8);
		OK(ppdl_decrypt_slots(&ev, &ct, sk, z, &err));
		ppdl_ct_release(&ev, &ct);
	}
	ppdl_pt_release(&ev, &pt);
	packed(&ev, sk, rng);
	ppdl_eval_fini(&ev);
	ppdl_public_key_destroy(pk);
	ppdl_secret_destroy(sk);
	ppdl_secret_destroy(sparse);
	ppdl_rng_destroy(rng);
	ppdl_pool_destroy(pool);
	ppdl_params_destroy(par);
}

/* ------------------------------------------------------------------ RSA */

static void
rsa(void)
{
	PpdlRsaPublic *pub;
	PpdlWriter	w;
	uint32_t	q = 9;

	OK(ppdl_rsa_public_load(&pub, "test/data/rsa-test.pub", &err));
	ppdl_writer_init(&w);
	SECRET(&q, sizeof(q));
	OK(ppdl_rsa_encrypt_count(pub, q, 255, PPDL_RSA_RANDOM_BITS, &w, &err));
	ppdl_writer_free(&w);
	ppdl_rsa_public_free(pub);
}

static void
leak(void)
{
	uint8_t		secret[2] = {1, 2};

	SECRET(secret, sizeof(secret));
	if (secret[0] < secret[1])
		puts("branched on a secret");
}

int
main(int argc, char **argv)
{
	if (!RUNNING_ON_VALGRIND)
	{
		fprintf(stderr, "%s: for valgrind only\n", argv[0]);
		return 2;
	}
	ppdl_declassify_hook = declassify;
	if (argc > 1 && strcmp(argv[1], "leak") == 0)
		leak();
	else
	{
		printf("kernels: %s\n", ppdl_cpu_name(ppdl_cpu()));
		ring();
		owner();
		rsa();
	}
	return 0;
}
