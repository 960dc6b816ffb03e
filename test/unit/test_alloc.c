/*
 * Each floor's work with memory that runs out: every allocation fails once, alone
 * and with all that follow.  Nothing may crash or be left behind, and the status says "out
 * of memory" unless the work could go on without.
 *
 * Work that takes long is tried at some of its allocations only (PPDL_TEST_LEVEL=full: all).
 */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <ppdl.h>

#include "alloc_failure.h"
#include "fake_server.h"
#include "image_fixture.h"
#include "moments_fixture.h"
#include "study_results.h"
#include "toy_deep.h"

#include "base/base64.h"
#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "ckks/periodic.h"
#include "ckks/wire.h"
#include "cli/copytext.h"
#include "table/csv.h"
#include "cli/evaluate.h"
#include "table/decoder.h"
#include "table/features.h"
#include "cli/picture_list.h"
#include "cli/reveal.h"
#include "cli/stats.h"
#include "cli/status.h"
#include "cli/table.h"
#include "cli/words_text.h"
#include "image/decode.h"
#include "image/near_copies.h"
#include "image/stretch.h"
#include "learn/trainer.h"
#include "learn/weights.h"
#include "net/rsa_net.h"
#include "net/train.h"
#include "owner/manifest.h"
#include "owner/owner_impl.h"
#include "owner/rekey_manifest.h"
#include "owner/table_check.h"
#include "predict/plan.h"
#include "report/report_impl.h"
#include "report/statistics.h"
#include "rows/batch.h"
#include "rows/cipher_read.h"
#include "rows/combine.h"
#include "rows/decrypt.h"
#include "rows/pack.h"
#include "rows/packed_writer.h"
#include "rows/row_set.h"
#include "rows/sum.h"
#include "rsa/rsa.h"
#include "stats/logistic.h"
#include "stats/split.h"

#define BUDGET 2.0				/* seconds for each piece of work */

static const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t seed[PPDL_SEED_BYTES] = {3};

/* ------------------------------------------------------------------ running work */

typedef PpdlStatus (*Work) (PpdlError *err);

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* at: which allocation fails first; last: which last */
static void
try_once(Work work, const char *name, long at, long last)
{
	/* json_unpack can do without the list it makes of names */
	const int	unpacks = strcmp(name, "owner") == 0;
	PpdlError	err = {0};
	PpdlStatus	status;

	alloc_fail_at(at, last);
	status = work(&err);
	alloc_fail_end();
	if (alloc_live != 0)
		fail_msg("%s: allocation %ld%s fails: %ld blocks are left behind", name, at,
				 last > at ? " and all after it" : "", alloc_live);
	/* text that jansson had no memory for is not written without it; what it says of that is its own */
	if (alloc_failed_json ? status == PPDL_OK && !unpacks :
		status == PPDL_OK ? last > at && alloc_failed : status != PPDL_ERR_NOMEM)
		fail_msg("%s: allocation %ld%s fails: %s, \"%s\"", name, at, last > at ? " and all after it" : "",
				 ppdl_status_name(status), err.message);
}

static void
run_out(Work work, const char *name)
{
	const char *level = getenv("PPDL_TEST_LEVEL");
	PpdlError	err = {0};
	double		start;
	long		total,
				stride = 1;

	/* once for what is made on first use and kept */
	if (work(&err) != PPDL_OK)
		fail_msg("%s: %s", name, err.message);
	alloc_fail_at(0, 0);
	start = now();
	if (work(&err) != PPDL_OK)
		fail_msg("%s: %s", name, err.message);
	start = now() - start;
	alloc_fail_end();
	total = alloc_count;
	assert_int_equal(alloc_live, 0);
	assert_true(total > 0);
	if (level == NULL || strcmp(level, "full") != 0)
		stride += (long) (2 * (double) total * start / BUDGET);
	print_message("%s: %ld allocations, each %ld.\n", name, total, stride);
	for (long at = 1 + (long) (time(NULL) % stride); at <= total; at += stride)
	{
		try_once(work, name, at, at);
		try_once(work, name, at, LONG_MAX);
	}
}

/* ------------------------------------------------------------------ surroundings */

/* the row ring's primes at an insecure degree, with secret, keys and evaluator */
typedef struct Site
{
	PpdlParams *par;
	PpdlRng    *rng;
	PpdlSecret *sk;
	PpdlPool   *pool;
	PpdlEval	ev;
	PpdlSwitchKey *key[64];
	int			keys;
} Site;

static PpdlStatus
get_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	Site	   *s = arg;

	for (int i = 0; i < s->keys; i++)
		if (s->key[i]->id == id && s->key[i]->limbs >= limbs)
		{
			*key = s->key[i];
			return PPDL_OK;
		}
	assert_true(s->keys < 64);
	PPDL_TRY(ppdl_eval_key_create(&s->key[s->keys], id, s->sk, limbs, s->rng, NULL, err));
	*key = s->key[s->keys++];
	return PPDL_OK;
}

static void
close_site(Site *s)
{
	for (int i = 0; i < s->keys; i++)
		ppdl_switch_key_destroy(s->key[i]);
	if (s->ev.par != NULL)
		ppdl_eval_fini(&s->ev);
	ppdl_pool_destroy(s->pool);
	ppdl_secret_destroy(s->sk);
	ppdl_rng_destroy(s->rng);
	ppdl_params_destroy(s->par);
}

static PpdlStatus
open_ring(Site *s, uint8_t id, int logn, PpdlError *err)
{
	const PpdlParams *real;
	PpdlParamsLiteral lit;
	PpdlStatus	status;

	memset(s, 0, sizeof(*s));
	PPDL_TRY(ppdl_params_get(id, &real, err));
	lit = toy_deep(real, logn);
	PPDL_GOTO(fail, ppdl_params_create(&s->par, &lit, 0, err));
	PPDL_GOTO(fail, ppdl_rng_create_seeded(&s->rng, seed, 1, err));
	PPDL_GOTO(fail, ppdl_secret_create(&s->sk, s->par, s->rng, err));
	s->pool = ppdl_pool_create();
	if (s->pool == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto fail;
	}
	PPDL_GOTO(fail, ppdl_eval_init(&s->ev, s->par, s->pool, NULL, err));
	s->ev.get_key = get_key;
	s->ev.get_key_arg = s;
	return PPDL_OK;
fail:
	s->ev.par = NULL;
	close_site(s);
	return status;
}

static PpdlStatus
open_site(Site *s, PpdlError *err)
{
	return open_ring(s, PPDL_RING_ROW, 7, err);
}

/* ------------------------------------------------------------------ base, ring, ckks */

static PpdlStatus
work_base(PpdlError *err)
{
	PpdlPool   *pool = ppdl_pool_create();
	PpdlThreads *threads = NULL;
	PpdlStatus	status = PPDL_OK;
	PpdlWriter	w;
	void	   *a = NULL,
			   *b = NULL;

	ppdl_writer_init(&w);
	for (int i = 0; i < 1000; i++)
		ppdl_write_u64(&w, 1);
	if (pool != NULL)
	{
		a = ppdl_pool_get(pool, 1000);
		b = ppdl_pool_get(pool, 100000);
		ppdl_pool_put(pool, a);
	}
	if (pool == NULL || a == NULL || b == NULL || w.bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
		status = ppdl_threads_create(&threads, 2, err);
	ppdl_threads_destroy(threads);
	ppdl_pool_destroy(pool);
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
work_ckks(PpdlError *err)
{
	double complex z[64] = {0.5, -0.25};
	Site		s;
	PpdlPt		pt = {0};
	PpdlPeriodicPt mask = {{0}};
	PpdlCt		x = {0},
				y = {0},
				r = {0};
	PpdlStatus	status;

	PPDL_TRY(open_site(&s, err));
	PPDL_GOTO(done, ppdl_pt_alloc(&s.ev, &pt, 3, err));
	PPDL_GOTO(done, ppdl_encode_slots(s.par, &pt, z, 64, 0x1p38, 3, err));
	PPDL_GOTO(done, ppdl_encrypt_secret(&s.ev, &x, &pt, s.sk, s.rng, err));
	PPDL_GOTO(done, ppdl_ct_mul(&s.ev, &y, &x, &x, err));
	PPDL_GOTO(done, ppdl_ct_copy(&s.ev, &r, &y, 2, err));
	PPDL_GOTO(done, ppdl_ct_add(&s.ev, &r, &y, err));
	PPDL_GOTO(done, ppdl_periodic_encode(s.par, &mask, z, 4, 1, 2, err));
	PPDL_GOTO(done, ppdl_periodic_mul(&s.ev, &r, &mask, err));
	PPDL_GOTO(done, ppdl_decrypt_slots(&s.ev, &r, s.sk, z, err));
done:
	ppdl_ct_release(&s.ev, &x);
	ppdl_ct_release(&s.ev, &y);
	ppdl_ct_release(&s.ev, &r);
	ppdl_periodic_release(&mask);
	ppdl_pt_release(&s.ev, &pt);
	close_site(&s);
	return status;
}

static PpdlStatus
work_public_key(PpdlError *err)
{
	Site		s;
	PpdlPublicKey *pk = NULL;
	PpdlPt		pt = {0};
	PpdlCt		ct = {0};
	PpdlWriter	w;
	PpdlStatus	status;
	double complex z[64] = {1};

	PPDL_TRY(open_site(&s, err));
	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_public_key_create(&pk, s.sk, s.rng, err));
	PPDL_GOTO(done, ppdl_pt_alloc(&s.ev, &pt, 2, err));
	PPDL_GOTO(done, ppdl_encode_slots(s.par, &pt, z, 64, 0x1p38, 2, err));
	PPDL_GOTO(done, ppdl_encrypt_public(&s.ev, &ct, &pt, pk, s.rng, err));
	PPDL_GOTO(done, ppdl_wire_put_public_key(&w, pk, err));
done:
	ppdl_ct_release(&s.ev, &ct);
	ppdl_pt_release(&s.ev, &pt);
	ppdl_public_key_destroy(pk);
	ppdl_writer_free(&w);
	close_site(&s);
	return status;
}

/* ------------------------------------------------------------------ rows */

#define ROWS 5
#define WIDTH 4
#define MOST_ROWS 64			/* of a batch */

static PpdlStatus
encrypt_rows(uint8_t **out, size_t *each, const Site *s, int rows, int limbs, int logc, PpdlError *err)
{
	const PpdlBatchOptions opt = {.limbs = limbs, .scale_bits = 30, .logc = logc};
	double		x[MOST_ROWS * WIDTH] = {0.5, -1, 1};
	PpdlStatus	status;

	*each = ppdl_slice_size(s->par, limbs, 2);
	*out = malloc((size_t) rows * *each);
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_batch_encrypt(*out, x, rows, WIDTH, &opt, &(PpdlBatchKey) {s->sk, fingerprint, s->rng}, err);
	if (status != PPDL_OK)
	{
		free(*out);
		*out = NULL;
	}
	return status;
}

static PpdlStatus
work_sum(PpdlError *err)
{
	uint8_t    *slice = NULL;
	size_t		each;
	Site		s;
	PpdlSum    *sum = NULL,
			   *other = NULL,
			   *large = NULL;
	PpdlValues	v = {0};
	PpdlWriter	w,
				combined,
				parts;
	PpdlCipher	c;
	int64_t		weight;
	PpdlStatus	status;

	PPDL_TRY(open_site(&s, err));
	ppdl_writer_init(&w);
	ppdl_writer_init(&combined);
	ppdl_writer_init(&parts);
	PPDL_GOTO(done, encrypt_rows(&slice, &each, &s, ROWS, s.par->nq, 3, err));
	PPDL_GOTO(done, ppdl_sum_create(&sum, err));
	PPDL_GOTO(done, ppdl_sum_create(&other, err));
	for (int i = 0; i < ROWS; i++)
	{
		PPDL_GOTO(done, ppdl_cipher_parse_in(&c, s.par, slice + (size_t) i * each, each, err));
		PPDL_GOTO(done, ppdl_sum_add(i % 2 ? sum : other, &c, i == 3 ? 2 : 1, err));
	}
	PPDL_GOTO(done, ppdl_sum_merge(sum, other, err));
	PPDL_GOTO(done, ppdl_sum_finish(sum, 2, &w, err));
	PPDL_GOTO(done, ppdl_cipher_parse_in(&c, s.par, w.buf, w.len, err));
	PPDL_GOTO(done, ppdl_cipher_combine(&combined, &c, 1, &c, -0.5, err));
	PPDL_GOTO(done, ppdl_cipher_decrypt(&v, &c, s.sk, err));
	ppdl_values_free(&v);
	/* too far apart for one row */
	PPDL_GOTO(done, ppdl_cipher_combine(&parts, &c, 1, &c, 1e-30, err));
	PPDL_GOTO(done, ppdl_cipher_parse_in(&c, s.par, parts.buf, parts.len, err));
	assert_int_equal(c.kind, PPDL_KIND_PARTS);
	PPDL_GOTO(done, ppdl_cipher_decrypt(&v, &c, s.sk, err));
	/* terms that one part does not hold */
	PPDL_GOTO(done, ppdl_cipher_parse_in(&c, s.par, slice, each, err));
	weight = (int64_t) (0.6 * ppdl_sum_reach(s.par, c.limbs, c.scale));
	PPDL_GOTO(done, ppdl_sum_create(&large, err));
	for (int i = 0; i < 2; i++)
		PPDL_GOTO(done, ppdl_sum_add(large, &c, weight, err));
	w.len = 0;
	PPDL_GOTO(done, ppdl_sum_finish(large, 1, &w, err));
	PPDL_GOTO(done, ppdl_cipher_parse_in(&c, s.par, w.buf, w.len, err));
	assert_int_equal(c.kind, PPDL_KIND_PARTS);
	PPDL_GOTO(done, ppdl_sum_add(large, &c, 1, err));
	PPDL_GOTO(done, ppdl_sum_merge(large, sum, err));
done:
	ppdl_values_free(&v);
	ppdl_sum_destroy(sum);
	ppdl_sum_destroy(other);
	ppdl_sum_destroy(large);
	ppdl_writer_free(&w);
	ppdl_writer_free(&combined);
	ppdl_writer_free(&parts);
	free(slice);
	close_site(&s);
	return status;
}

static PpdlStatus
pack_all(Site *s, PpdlCollector *col, PpdlWriter *w, PpdlError *err)
{
	PpdlPackedWriter *pw;
	PpdlPacked	packed;
	PpdlStatus	status;
	int			found = 1;

	PPDL_TRY(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, WIDTH, 2, fingerprint, err));
	do
	{
		PPDL_GOTO(done, ppdl_pack_next(&s->ev, col, &packed, &found, err));
		if (found)
		{
			status = ppdl_packed_writer_add(pw, &s->ev, &packed.ct, packed.ordinal, err);
			ppdl_packed_release(&s->ev, &packed);
			if (status != PPDL_OK)
				goto done;
		}
	} while (found);
	status = ppdl_packed_writer_finish(pw, 2 * ROWS, w, err);
done:
	ppdl_packed_writer_destroy(pw);
	return status;
}

static PpdlStatus
work_pack(PpdlError *err)
{
	uint8_t    *slice = NULL;
	size_t		each;
	Site		s;
	PpdlCollector *col = NULL,
			   *other = NULL;
	PpdlValues	v = {0};
	PpdlWriter	w,
				state;
	PpdlCipher	c;
	PpdlStatus	status;
	int			complete;

	PPDL_TRY(open_site(&s, err));
	ppdl_writer_init(&w);
	ppdl_writer_init(&state);
	PPDL_GOTO(done, encrypt_rows(&slice, &each, &s, ROWS, s.par->nq, 3, err));
	PPDL_GOTO(done, ppdl_collector_create(&col, s.par->nq, err));
	PPDL_GOTO(done, ppdl_collector_create(&other, s.par->nq, err));
	for (int i = 0; i < 2 * ROWS; i++)
	{
		PPDL_GOTO(done, ppdl_cipher_parse_in(&c, s.par, slice + (size_t) (i % ROWS) * each, each, err));
		PPDL_GOTO(done, ppdl_collector_add(i < ROWS ? col : other, &c, (uint32_t) (i % ROWS), &complete, err));
	}
	PPDL_GOTO(done, ppdl_collector_save(col, &state, err));
	PPDL_GOTO(done, ppdl_collector_merge(col, other, ROWS, err));
	PPDL_GOTO(done, pack_all(&s, col, &w, err));
	PPDL_GOTO(done, ppdl_cipher_parse_in(&c, s.par, w.buf, w.len, err));
	PPDL_GOTO(done, ppdl_cipher_decrypt(&v, &c, s.sk, err));
done:
	ppdl_values_free(&v);
	ppdl_collector_destroy(col);
	ppdl_collector_destroy(other);
	ppdl_writer_free(&w);
	ppdl_writer_free(&state);
	free(slice);
	close_site(&s);
	return status;
}

/* every second row of two batches: they stay where they lie */
static PpdlStatus
work_pack_in_place(PpdlError *err)
{
	uint8_t    *slice = NULL;
	size_t		each = 0;
	Site		s;
	PpdlCollector *col = NULL;
	PpdlPacked	packed;
	PpdlCipher	c;
	PpdlStatus	status;
	int			complete,
				found;

	PPDL_TRY(open_ring(&s, PPDL_RING_ROW, 8, err));
	PPDL_GOTO(done, ppdl_collector_create(&col, 2, err));
	for (uint32_t i = 0; i < 64; i++)
	{
		if (i % 32 == 0)
		{
			free(slice);
			PPDL_GOTO(done, encrypt_rows(&slice, &each, &s, MOST_ROWS, 2, 6, err));
		}
		PPDL_GOTO(done, ppdl_cipher_parse_in(&c, s.par, slice + 2 * (i % 32) * each, each, err));
		PPDL_GOTO(done, ppdl_collector_add(col, &c, i, &complete, err));
	}
	PPDL_GOTO(done, ppdl_pack_next(&s.ev, col, &packed, &found, err));
	assert_int_equal(packed.rows, 64);
	assert_int_equal(s.ev.keyswitches, 3 + 1);
	ppdl_packed_release(&s.ev, &packed);
done:
	ppdl_collector_destroy(col);
	free(slice);
	close_site(&s);
	return status;
}

/* states are of the built-in ring */
static PpdlStatus
work_row_set(PpdlError *err)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 10};
	const PpdlParams *par;
	static uint8_t slice[2 * 1024];
	static PpdlSecret *sk;
	static PpdlRng *rng;
	double		x[32] = {0.5};
	PpdlTrainSet *ts = NULL,
			   *again = NULL;
	PpdlWriter	w;
	size_t		each;
	PpdlCipher	c;
	PpdlStatus	status;

	PPDL_TRY(ppdl_params_get(PPDL_RING_ROW, &par, err));
	each = ppdl_slice_size(par, 1, 4);
	if (sk == NULL)
	{
		PPDL_TRY(ppdl_rng_create_seeded(&rng, seed, 1, err));
		PPDL_TRY(ppdl_secret_create(&sk, par, rng, err));
		PPDL_TRY(ppdl_batch_encrypt(slice, x, 2, 16, &opt, &(PpdlBatchKey) {sk, fingerprint, rng}, err));
	}
	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_trainset_create(&ts, err));
	for (int i = 0; i < 2; i++)
	{
		PPDL_GOTO(done, ppdl_cipher_parse(&c, slice + (size_t) i * each, each, err));
		PPDL_GOTO(done, ppdl_trainset_add(ts, &c, NULL, (uint32_t) i, err));
	}
	PPDL_GOTO(done, ppdl_trainset_save(ts, &w, err));
	PPDL_GOTO(done, ppdl_trainset_load(&again, w.buf, w.len, err));
	PPDL_GOTO(done, ppdl_trainset_merge(again, ts, 2, err));
done:
	ppdl_trainset_destroy(ts);
	ppdl_trainset_destroy(again);
	ppdl_writer_free(&w);
	return status;
}

/* ------------------------------------------------------------------ rsa */

static char public_pem[1024];

static PpdlStatus
work_rsa(PpdlError *err)
{
	PpdlRsaPublic *pub = NULL;
	PpdlRsaProduct *product = NULL;
	PpdlRsaView view;
	PpdlWriter	w,
				out;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	ppdl_writer_init(&out);
	PPDL_GOTO(done, ppdl_rsa_public_from_pem(&pub, public_pem, strlen(public_pem), err));
	PPDL_GOTO(done, ppdl_rsa_encrypt_count(pub, 3, 255, PPDL_RSA_RANDOM_BITS, &w, err));
	PPDL_GOTO(done, ppdl_rsa_encrypt_integer(pub, "42", NULL, &out, err));
	PPDL_GOTO(done, ppdl_rsa_view(&view, w.buf, w.len, err));
	PPDL_GOTO(done, ppdl_rsa_product_create(&product, pub, PPDL_RSA_EXPONENT, PPDL_RSA_NEW_PART, err));
	for (int i = 0; i < 20; i++)
		PPDL_GOTO(done, ppdl_rsa_product_times(product, &view, err));
	PPDL_GOTO(done, ppdl_rsa_product_write(product, &out, err));
	PPDL_GOTO(done, ppdl_rsa_power(pub, &view, 3, &out, err));
done:
	ppdl_rsa_product_free(product);
	ppdl_rsa_public_free(pub);
	ppdl_writer_free(&w);
	ppdl_writer_free(&out);
	return status;
}

static PpdlStatus
work_rsa_network(PpdlError *err)
{
	static const double weight[] = {0.5, -1, 0.25, 1, 0.5, 0.1, 0.2, -0.3, 0.7};
	PpdlRsaGrid grid[2];
	PpdlRsaView input[2];
	PpdlWriter	x[2],
				w;
	PpdlRsaPublic *pub = NULL;
	PpdlNet    *net = NULL;
	PpdlRsaLayer *layer = NULL;
	PpdlRsaPrediction *p = NULL;
	PpdlRsaPredictor *predictor = NULL;
	PpdlStatus	status;

	ppdl_writer_init(&x[0]);
	ppdl_writer_init(&x[1]);
	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_rsa_public_from_pem(&pub, public_pem, strlen(public_pem), err));
	PPDL_GOTO(done,
			  ppdl_net_parse(&net,
							 "{\"inputs\":2,\"layers\":[{\"units\":2,\"activation\":\"quadratic\"},{\"units\":1}]}", err));
	PPDL_GOTO(done, ppdl_net_set_weights(net, weight, 9, err));
	for (int i = 0; i < 2; i++)
	{
		PPDL_GOTO(done, ppdl_rsa_input_grid(&grid[i], 2, err));
		PPDL_GOTO(done, ppdl_rsa_encrypt_on_grid(pub, 1, &grid[i], 0, &x[i], err));
		PPDL_GOTO(done, ppdl_rsa_view(&input[i], x[i].buf, x[i].len, err));
	}
	PPDL_GOTO(done, ppdl_rsa_net_layer(&layer, net, grid, 2, err));
	PPDL_GOTO(done, ppdl_rsa_net_prediction(&p, pub, net, layer, err));
	PPDL_GOTO(done, ppdl_rsa_predictor_create(&predictor, pub, layer, err));
	PPDL_GOTO(done, ppdl_rsa_prediction_add_nulls(p, 1, err));
	PPDL_GOTO(done, ppdl_rsa_predictor_add(predictor, p, input, 2, err));
	PPDL_GOTO(done, ppdl_rsa_prediction_write(p, &w, err));
done:
	ppdl_rsa_predictor_free(predictor);
	ppdl_rsa_prediction_free(p);
	ppdl_rsa_layer_free(layer);
	ppdl_net_destroy(net);
	ppdl_rsa_public_free(pub);
	ppdl_writer_free(&x[0]);
	ppdl_writer_free(&x[1]);
	ppdl_writer_free(&w);
	return status;
}

/* ------------------------------------------------------------------ net, predict, learn */

static const char spec[] = "{\"inputs\":4,\"input_scale\":[1,1,1,0.5],\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":1}]}";

/* json: 4 inputs, one output */
static PpdlStatus
work_with_net(const char *json, PpdlError *err)
{
	double		x[8] = {0.5, -0.5, 1, 0, -1, 1, 0.25, 0.5},
				y[2] = {1, -1},
				out[1];
	PpdlNet    *net = NULL;
	PpdlPlan   *plan = NULL;
	PpdlPlanLimits limits = {.slots = 2, .limbs = 6, .bytes = 1e9};
	PpdlTrainOptions opt;
	char	   *text = NULL,
			   *options = NULL;
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_net_parse(&net, json, err));
	PPDL_GOTO(done, ppdl_train_options_parse(&opt, "{\"steps\":2,\"batch\":2}", err));
	PPDL_GOTO(done, ppdl_train_options_json(&opt, &options, err));
	PPDL_GOTO(done, ppdl_net_train(net, x, y, 2, &opt, NULL, err));
	PPDL_GOTO(done, ppdl_net_predict(net, x, out, err));
	PPDL_GOTO(done, ppdl_net_json(net, &text, err));
	PPDL_GOTO(done, ppdl_params_get(PPDL_RING_ROW, &limits.par, err));
	PPDL_GOTO(done, ppdl_plan_create(&plan, net, &limits, err));
done:
	ppdl_plan_destroy(plan);
	ppdl_net_destroy(net);
	free(text);
	free(options);
	return status;
}

static PpdlStatus
work_net(PpdlError *err)
{
	return work_with_net(spec, err);
}

static PpdlStatus
work_conv(PpdlError *err)
{
	return work_with_net("{\"inputs\":4,\"layers\":[{\"conv2d\":{\"filters\":2,\"kernel\":1},\"activation\":\"quadratic\"},"
						 "{\"pool\":\"average\",\"size\":2},{\"units\":1}]}", err);
}

static PpdlStatus
work_learn(PpdlError *err)
{
	Site		s;
	PpdlNet    *net = NULL;
	PpdlSgd    *sgd = NULL;
	PpdlTrainOptions opt;
	PpdlSlotLayout lay;
	PpdlPt		pt = {0};
	PpdlCt		ct = {0},
				loaded[PPDL_MAX_WEIGHT_CTS] = {{0}};
	PpdlWriter	w;
	double complex *z = NULL;
	uint8_t		fp[8];
	uint32_t	period;
	int			count;
	PpdlStatus	status;

	PPDL_TRY(open_ring(&s, PPDL_RING_DEEP, 8, err));
	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_net_parse(&net, spec, err));
	PPDL_GOTO(done, ppdl_train_options_parse(&opt, NULL, err));
	PPDL_GOTO(done, ppdl_net_init(net, &opt, err));
	PPDL_GOTO(done, ppdl_slot_layout(&lay, s.par, net, 4, err));
	PPDL_GOTO(done, ppdl_sgd_create(&sgd, &lay, 0.2, 0.8, err));
	z = malloc(sizeof(*z) * (size_t) lay.nweights * lay.period);
	if (z == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	PPDL_GOTO(done, ppdl_slots_from_net(&lay, net, z, err));
	PPDL_GOTO(done, ppdl_pt_alloc(&s.ev, &pt, 3, err));
	PPDL_GOTO(done, ppdl_encode_slots(s.par, &pt, z, lay.period, PPDL_SGD_SCALE, 3, err));
	PPDL_GOTO(done, ppdl_encrypt_secret(&s.ev, &ct, &pt, s.sk, s.rng, err));
	PPDL_GOTO(done, ppdl_weights_save(&w, &ct, 1, (uint32_t) lay.period, fingerprint, err));
	PPDL_GOTO(done, ppdl_weights_load(&s.ev, loaded, &count, &period, fp, w.buf, w.len, err));
done:
	ppdl_ct_release(&s.ev, &ct);
	for (int i = 0; i < PPDL_MAX_WEIGHT_CTS; i++)
		ppdl_ct_release(&s.ev, &loaded[i]);
	ppdl_pt_release(&s.ev, &pt);
	ppdl_sgd_destroy(sgd);
	ppdl_net_destroy(net);
	ppdl_writer_free(&w);
	free(z);
	close_site(&s);
	return status;
}

/* ------------------------------------------------------------------ owner, cli */

static PpdlStatus
work_owner(PpdlError *err)
{
	static const PpdlScrypt cost = {2, 1, 1};
	static const uint8_t master[PPDL_MASTER_BYTES] = {1};
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 4};
	const PpdlParams *par;
	uint8_t		slice[1024];
	double		x[4] = {0.5};
	PpdlOwner  *o = NULL,
			   *again = NULL;
	PpdlValues	v = {0};
	PpdlWriter	w;
	PpdlStatus	status;

	PPDL_TRY(ppdl_params_get(PPDL_RING_ROW, &par, err));
	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_owner_from_master(&o, "clinic", master, err));
	PPDL_GOTO(done, ppdl_key_file_write(o, "only for tests", &cost, &w, err));
	PPDL_GOTO(done, ppdl_owner_read(&again, (const char *) w.buf, w.len, "only for tests", err));
	PPDL_GOTO(done, ppdl_owner_encrypt(again, slice, x, 1, 4, &opt, err));
	PPDL_GOTO(done, ppdl_owner_decrypt(o, &v, slice, ppdl_slice_size(par, 1, 2), 0, err));
done:
	ppdl_values_free(&v);
	ppdl_owner_destroy(o);
	ppdl_owner_destroy(again);
	ppdl_writer_free(&w);
	return status;
}

/* three rows of an owner, tagged; what a server makes of them, and what the owner then checks */
static PpdlStatus
receipts_of(const PpdlOwner *o, const uint8_t *slice, PpdlReceipt **r, PpdlManifest **m, PpdlWriter *w, PpdlError *err)
{
	static const char *const bound[] = {"ward"};
	const char *const ward[] = {"A", NULL};
	const PpdlReceiptDomain d = {"patients", "features", bound, 1};
	const size_t len[] = {1, 0};
	PpdlReceiptKey *key = NULL;
	PpdlReceipt *back = NULL;
	uint8_t		row[256];
	uint32_t	number;
	size_t		size;
	PpdlCipher	c;
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_receipt_key_create(&key, o, &d, err));
	PPDL_GOTO(done, ppdl_cipher_peek(&c, slice, err));
	size = ppdl_slice_size(c.par, 1, 2);
	for (int i = 0; i < 3; i++)
	{
		PpdlRowNote note = {&"abc"[i], 1};

		w->len = 0;
		PPDL_GOTO(done, ppdl_bound_write(w, &ward[i & 1], &len[i & 1], 1, err));
		note.bound = w->buf;
		note.bound_len = w->len;
		PPDL_GOTO(done, ppdl_receipt_tag_row(key, row, slice + (size_t) i * size, size, &note, err));
		PPDL_GOTO(done, ppdl_receipt_check_row(key, row, size + ppdl_tag_bytes(1), &note, err));
		PPDL_GOTO(done, ppdl_cipher_parse(&c, row, size + ppdl_tag_bytes(1), err));
		PPDL_GOTO(done, ppdl_receipt_add(r[i & 1], &c, w->buf, w->len, err));
		PPDL_GOTO(done, ppdl_manifest_add(*m, &note, &number, err));
		PPDL_GOTO(done, ppdl_manifest_place(*m, number, 0, &c, err));
	}
	PPDL_GOTO(done, ppdl_receipt_merge(r[0], r[1], err));
	w->len = 0;
	PPDL_GOTO(done, ppdl_receipt_write(r[0], w, err));
	PPDL_GOTO(done, ppdl_receipt_read(&back, NULL, NULL, w->buf, w->len, err));
	PPDL_GOTO(done, ppdl_manifest_bind(*m, 0, back, err));
	PPDL_GOTO(done, ppdl_receipt_check(key, back, &back->section[0], err));
	PPDL_GOTO(done, ppdl_manifest_check(*m, 0, &back->section[0], err));
	w->len = 0;
	PPDL_GOTO(done, ppdl_receipt_sum(back, &back->section[0], 3, w, err));
	PPDL_GOTO(done, ppdl_cipher_parse(&c, w->buf, w->len, err));
	PPDL_GOTO(done, ppdl_receipt_match(back, &back->section[0], &c, &(double) {0}, err));
	w->len = 0;
	PPDL_GOTO(done, ppdl_manifest_write(*m, o, w, err));
	ppdl_manifest_destroy(*m);
	*m = NULL;
	status = ppdl_manifest_read(m, o, w->buf, w->len, err);
done:
	ppdl_receipt_destroy(back);
	ppdl_receipt_key_destroy(key);
	return status;
}

static PpdlOwner *tagging;
static uint8_t untagged[512];

static PpdlStatus
work_receipts(PpdlError *err)
{
	PpdlReceipt *r[2] = {NULL, NULL};
	PpdlManifest *m = NULL;
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_receipt_create(&r[0], err));
	PPDL_GOTO(done, ppdl_receipt_create(&r[1], err));
	PPDL_GOTO(done, ppdl_manifest_create(&m, tagging, "patients", (const char *const[]) {"ward"}, 1, err));
	status = receipts_of(tagging, untagged, r, &m, &w, err);
done:
	ppdl_receipt_destroy(r[0]);
	ppdl_receipt_destroy(r[1]);
	ppdl_manifest_destroy(m);
	ppdl_writer_free(&w);
	return status;
}

/* rows with receipts under another key, their manifest, and the table against it */
typedef struct Rekeyed
{
	PpdlOwner  *from,
			   *to;
	PpdlManifest *old,
			   *new;
	PpdlManifests olds,
				news;
	PpdlRekeyManifest *note;
	PpdlTableCheck *check;
	PpdlRekeyValue row[2];		/* before */
} Rekeyed;

/* PpdlRekeyPut */
static PpdlStatus
put_rekeyed(void *arg, const uint8_t *tag, const PpdlRekeyValue *value, PpdlError *err)
{
	Rekeyed    *k = arg;
	const PpdlTableRow row = {.note = {"x", 1, NULL, 0}, .value = {{value[0].data, value[0].len}}};

	PPDL_TRY(ppdl_rekey_manifest_add(k->note, k->row, value, 1, err));
	return ppdl_table_check_row(k->check, &row, NULL, err);
}

/* PpdlRowFound */
static PpdlStatus
no_fault(void *arg, const PpdlRowFinding *f, PpdlError *err)
{
	(void) arg;
	(void) err;
	fail_msg("row is %s: %s", ppdl_row_fault_name(f->fault), f->why);
	return PPDL_OK;
}

static PpdlOwner *rekeyed_from,
		   *rekeyed_to;
static uint8_t rekeyed_slice[512];

static PpdlStatus
rekey_one(Rekeyed *k, PpdlRekeyer **r, PpdlReceiptKey **key, uint8_t *row, PpdlError *err)
{
	const PpdlReceiptDomain d = {"patients", "features", NULL, 0};
	const PpdlRowNote note = {"x", 1, NULL, 0};
	const uint8_t tag[PPDL_REKEY_TAG] = {0};
	const PpdlParams *par;
	PpdlCipher	c;
	uint32_t	number;
	size_t		size;

	PPDL_TRY(ppdl_params_get(PPDL_RING_COMPACT, &par, err));
	size = ppdl_slice_size(par, 1, 2);
	PPDL_TRY(ppdl_manifest_create(&k->old, k->from, "patients", NULL, 0, err));
	k->olds = (PpdlManifests) {&k->old, 1};
	PPDL_TRY(ppdl_manifest_create(&k->new, k->to, "patients", NULL, 0, err));
	k->news = (PpdlManifests) {&k->new, 1};
	PPDL_TRY(ppdl_receipt_key_create(key, k->from, &d, err));
	PPDL_TRY(ppdl_receipt_tag_row(*key, row, rekeyed_slice, size, &note, err));
	PPDL_TRY(ppdl_manifest_add(k->old, &note, &number, err));
	PPDL_TRY(ppdl_cipher_parse(&c, row, size + ppdl_tag_bytes(1), err));
	PPDL_TRY(ppdl_manifest_place(k->old, number, 0, &c, err));
	k->row[0] = (PpdlRekeyValue) {row, size + ppdl_tag_bytes(1)};
	PPDL_TRY(ppdl_rekey_manifest_create(&k->note, k->from, k->to, &k->olds, k->new, err));
	PPDL_TRY(ppdl_table_check_create(&k->check, k->to, &k->news, no_fault, NULL, err));
	PPDL_TRY(ppdl_rekeyer_create(r, k->from, k->to, 1, put_rekeyed, k, err));
	PPDL_TRY(ppdl_rekeyer_manifests(*r, &k->olds, err));
	PPDL_TRY(ppdl_rekeyer_add(*r, tag, k->row, err));
	PPDL_TRY(ppdl_rekeyer_flush(*r, err));
	return ppdl_table_check_finish(k->check, 1, err);
}

static PpdlStatus
work_rekey(PpdlError *err)
{
	Rekeyed		k = {.from = rekeyed_from, .to = rekeyed_to};
	PpdlRekeyer *r = NULL;
	PpdlReceiptKey *key = NULL;
	uint8_t		row[600];
	PpdlStatus	status = rekey_one(&k, &r, &key, row, err);

	ppdl_rekeyer_destroy(r);
	ppdl_receipt_key_destroy(key);
	ppdl_table_check_destroy(k.check);
	ppdl_rekey_manifest_destroy(k.note);
	ppdl_manifest_destroy(k.old);
	ppdl_manifest_destroy(k.new);
	return status;
}

static PpdlStatus
apply_features(const PpdlFeatures *fs, PpdlCsv *csv, PpdlError *err)
{
	double		x[64],
				y[8];
	PpdlBinding b;
	PpdlCsvRow	row;
	PpdlStatus	status;
	int			more,
				has_label;

	PPDL_TRY(ppdl_binding_init(&b, fs, csv, 1, err));
	for (;;)
	{
		PPDL_GOTO(done, ppdl_csv_next(csv, &row, &more, err));
		if (!more)
			break;
		PPDL_GOTO(done, ppdl_binding_apply(&b, &row, x, y, &has_label, err));
	}
done:
	ppdl_binding_free(&b);
	return status;
}

/* an average and a sum in words; every value is 0 but the constant */
static PpdlStatus
decode_features(const PpdlFeatures *fs, PpdlError *err)
{
	static const PpdlMeaning meaning[] = {PPDL_MEANING_MEAN, PPDL_MEANING_SUM};
	double		v[64] = {0};
	PpdlAnswer	answer[64];
	PpdlStatus	status = PPDL_OK;

	if (fs->map)
		v[fs->map->components] = 1 / fs->map->clip;
	for (int i = 0; i < 2 && status == PPDL_OK; i++)
	{
		PpdlDecoder *d;

		PPDL_TRY(ppdl_decoder_create(&d, fs, PPDL_SUBJECT_FEATURES, meaning[i], err));
		status = ppdl_decode(d, v, 1e-6, 1, answer, err);
		ppdl_decoder_destroy(d);
	}
	return status;
}

static PpdlStatus
work_features(PpdlError *err)
{
	static char text[] = "id;age;sex;city;born;label\n1;30;m;Rome;1.2.1970;yes\n2;41,5;f;Bonn;?;no\n3;77;M;Oslo;2.3.1980;j\n4;77;f;Rome;3.4.1990;no\n5;-;f;Paris;5.6.2000;maybe\n";
	static char *map[] = {"j=yes", "maybe=", NULL};
	static char *dates[] = {"born:age@2026-01-01", NULL};
	static char *quantiles[] = {"age:0.1..0.9", NULL};
	static char *words[] = {"weg", NULL};
	const PpdlCsvOptions csv_options = {.name = "test", .charset = "LATIN1"};
	const PpdlLearnOptions opt = {.id = "id", .label = "label", .one_hot_weight = 1, .constant = 1, .pad = 1,
								  .max_categories = 10, .label_map = map, .dates = dates, .date_format = "%d.%m.%Y",
								  .quantile_range = quantiles, .na = words, .outside = PPDL_OUTSIDE_NULL};
	FILE	   *f = fmemopen(text, strlen(text), "r");
	PpdlCsv    *csv = NULL;
	PpdlFeatures *fs = NULL,
			   *again = NULL;
	PpdlWriter	w,
				notes;
	PpdlStatus	status;

	if (f == NULL)
		return ppdl_error(err, PPDL_ERR_IO, "fmemopen");
	ppdl_writer_init(&w);
	ppdl_writer_init(&notes);
	PPDL_GOTO(done, ppdl_csv_open(&csv, f, &csv_options, err));
	PPDL_GOTO(done, ppdl_features_learn(&fs, csv, &opt, &notes, err));
	ppdl_csv_close(csv);
	csv = NULL;
	rewind(f);
	PPDL_GOTO(done, ppdl_csv_open(&csv, f, &csv_options, err));
	PPDL_GOTO(done, ppdl_features_learn_map(fs, csv, 0, err));
	PPDL_GOTO(done, ppdl_features_write(fs, &w, err));
	PPDL_GOTO(done, ppdl_features_parse(&again, (const char *) w.buf, w.len, "test", err));
	ppdl_csv_close(csv);
	csv = NULL;
	rewind(f);
	PPDL_GOTO(done, ppdl_csv_open(&csv, f, &csv_options, err));
	PPDL_GOTO(done, apply_features(again, csv, err));
	PPDL_GOTO(done, decode_features(again, err));
	status = ppdl_features_model_spec(again, 3, &w, err);
done:
	ppdl_csv_close(csv);
	fclose(f);
	ppdl_features_destroy(fs);
	ppdl_features_destroy(again);
	ppdl_writer_free(&w);
	ppdl_writer_free(&notes);
	return status;
}

static PpdlStatus
work_text(PpdlError *err)
{
	char		line[] = "1\tx\\ty\t\\N\tend",
				array[] = "{1,\"two\",NULL}";
	PpdlTexts	t = {0},
				a = {0};
	PpdlReveal	r = {0};
	PpdlTable	table = {0};
	PpdlWriter	w;
	FILE	   *f = fopen("/dev/null", "w");
	uint8_t    *bytes = NULL;
	size_t		n;
	PpdlStatus	status;
	int			ok;

	ppdl_writer_init(&w);
	ok = ppdl_copy_split(&t, line, strlen(line)) && ppdl_array_split(&a, array, strlen(array)) == 1 &&
		ppdl_table_init(&table, 2) && ppdl_table_title(&table, 0, "a") && ppdl_table_title(&table, 1, "b") &&
		ppdl_table_add(&table, t.text) && ppdl_table_add(&table, t.text + 2);
	if (!ok)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
	{
		ppdl_table_print(&table, f);
		PPDL_GOTO(done, ppdl_base64_read("AAECAwQF", 8, &bytes, &n, err));
		status = ppdl_reveal_text(&r, "no ciphertext at all", 20, &w, err);
	}
done:
	fclose(f);
	free(bytes);
	ppdl_table_free(&table);
	ppdl_texts_free(&t);
	ppdl_texts_free(&a);
	ppdl_writer_free(&w);
	return status;
}

/* a result of two records in words, of which there are none, through a query on it, as JSON */
static PpdlStatus
work_then(PpdlError *err)
{
	static const char *const name[] = {"id", "list"};
	static const PpdlCellKind kind[] = {PPDL_CELL_NUMBERS, PPDL_CELL_NUMBERS};
	static const PpdlText row[][2] = {{{(char *) "1", 1}, {(char *) "{1,NULL}", 8}}, {{(char *) "2", 1}, {NULL, 0}}};
	const PpdlWordsOptions options = {.raw = 0};
	const PpdlList keys = {.count = 0};
	PpdlReveal	reveal = {0};
	PpdlWords	words = {0};
	PpdlPresenter p;
	FILE	   *f = fopen("/dev/null", "w");
	PpdlStatus	status;

	ppdl_present_init(&p, PPDL_FORM_JSON, "", f, "/dev/null");
	PPDL_GOTO(done, ppdl_then_create(&p.then, "SELECT e.value / 2.0 AS half, list FROM result, json_each(list) e ORDER BY 1",
									 err));
	PPDL_GOTO(done, ppdl_words_open(&words, &options, &keys, &reveal, err));
	PPDL_GOTO(done, ppdl_words_begin(&words, 2, name, err));
	for (int i = 0; i < 2; i++)
		PPDL_GOTO(done, ppdl_words_look(&words, row[i], 2, err));
	PPDL_GOTO(done, ppdl_words_settle(&words, err));
	PPDL_GOTO(done, ppdl_words_present(&words, &p, 2, name, kind, err));
	for (int i = 0; i < 2; i++)
		PPDL_GOTO(done, ppdl_present_record(&p, row[i], err));
	status = ppdl_present_end(&p, err);
done:
	ppdl_then_destroy(p.then);
	ppdl_present_free(&p);
	ppdl_words_close(&words);
	fclose(f);
	return status;
}

/* a sum of two rows of two values, as a line that says so; its feature file */
static PpdlOwner *words_owner;
static PpdlWriter words_line;
static char words_file[] = "/tmp/ppdl_alloc_XXXXXX.json";
#define WORDS_AT 5				/* "sum: " */

static PpdlStatus
make_words(PpdlError *err)
{
	static const char json[] = "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
		"{\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 1},"
		"{\"column\": \"b\", \"kind\": \"binary\", \"categories\": [\"x\", \"y\"]}]}";
	static const uint8_t master[PPDL_MASTER_BYTES] = {1};
	const PpdlBatchOptions opt = {.limbs = 2, .scale_bits = 30, .logc = 4};
	const double x[4] = {0.5, 1, -0.5, 1};
	const int	fd = mkstemps(words_file, 5);
	const PpdlParams *par;
	uint8_t		slice[2048];
	PpdlWriter	w;
	PpdlSum    *sum;
	size_t		size;

	assert_true(fd >= 0 && write(fd, json, strlen(json)) == (ssize_t) strlen(json) && close(fd) == 0);
	ppdl_writer_init(&w);
	ppdl_writer_init(&words_line);
	PPDL_TRY(ppdl_params_get(PPDL_RING_ROW, &par, err));
	size = ppdl_slice_size(par, 2, 1);
	assert_true(2 * size <= sizeof slice);
	PPDL_TRY(ppdl_owner_from_master(&words_owner, "clinic", master, err));
	PPDL_TRY(ppdl_owner_encrypt(words_owner, slice, x, 2, 2, &opt, err));
	PPDL_TRY(ppdl_sum_create(&sum, err));
	for (size_t r = 0; r < 2; r++)
		PPDL_TRY(ppdl_sum_add_bytes(sum, slice + r * size, size, err));
	PPDL_TRY(ppdl_sum_finish(sum, 1, &w, err));
	ppdl_sum_destroy(sum);
	ppdl_write_text(&words_line, "sum: ");
	ppdl_base64_write(&words_line, w.buf, w.len);
	ppdl_writer_free(&w);
	return PPDL_OK;
}

/* the line as it is, and its value as a column: two fields */
static PpdlStatus
put_words(PpdlWords *words, PpdlWriter *w, PpdlError *err)
{
	static const char *const name[] = {"sum"};
	const PpdlText field = {(char *) words_line.buf + WORDS_AT, words_line.len - WORDS_AT};
	PpdlWordsText text;
	PpdlRevealed value = {0};
	PpdlWriter	cell[2];
	PpdlStatus	status;

	words->objects = 1;
	ppdl_words_text_init(&text, words);
	status = ppdl_words_line(&text, (const char *) words_line.buf, words_line.len, w, err);
	ppdl_words_text_free(&text);
	PPDL_TRY(status);
	words->objects = 0;
	for (int i = 0; i < 2; i++)
		ppdl_writer_init(&cell[i]);
	PPDL_GOTO(done, ppdl_words_begin(words, 1, name, err));
	PPDL_GOTO(done, ppdl_words_look(words, &field, 1, err));
	PPDL_GOTO(done, ppdl_words_settle(words, err));
	assert_int_equal(ppdl_words_fields(words, 0), 2);
	PPDL_GOTO(done, ppdl_reveal(words->reveal, field.s, field.len, &value, err));
	status = ppdl_words_put(words, 0, &value.values, 0, 2, cell, err);
done:
	ppdl_revealed_free(&value);
	/* what there was no room for is seen when it is written */
	for (int i = 0; i < 2; i++)
	{
		if (status == PPDL_OK && cell[i].bad)
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		ppdl_writer_free(&cell[i]);
	}
	return status;
}

static PpdlStatus
work_words(PpdlError *err)
{
	char	   *path[] = {words_file};
	const PpdlWordsOptions options = {.features = {path, 1}};
	const PpdlList keys = {.count = 0};
	PpdlReveal	reveal = {.owners = 1, .owner = &words_owner, .count_column = -1};
	PpdlWords	words = {0};
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_words_open(&words, &options, &keys, &reveal, err);
	if (status == PPDL_OK)
		status = put_words(&words, &w, err);
	if (status == PPDL_OK && (w.bad || memcmp(w.buf, "sum: {\"a\": 1.0", 14) != 0))
		status = ppdl_error(err, w.bad ? PPDL_ERR_NOMEM : PPDL_ERR_INTERNAL, "%.*s", (int) w.len, (const char *) w.buf);
	ppdl_words_close(&words);
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
work_status(PpdlError *err)
{
	char	   *path[] = {(char *) "test/data/rsa-test.pub"},
				schema[] = "public";
	const PpdlList ours = {path, 1};
	PpdlDb		db = {.schema = schema};
	json_t	   *out;

	PPDL_TRY(ppdl_status_gather(&out, &db, &ours, err));
	assert_int_equal(json_array_size(json_object_get(out, "columns")), 1);
	assert_non_null(json_object_get(json_array_get(json_object_get(out, "columns"), 0), "models"));
	json_decref(out);
	return PPDL_OK;
}

/* an interlaced PNG, a JPEG and a PGM file of the same size */
static PpdlWriter picture_file[3];
static char picture_folder[] = "/tmp/ppdl_alloc_XXXXXX";
static char picture_labels[sizeof picture_folder + 16];

static PpdlStatus
work_pictures(PpdlError *err)
{
	static PpdlThumbnail thumbnail[3];
	int			group[3];
	PpdlImage	im;

	for (int i = 0; i < 3; i++)
	{
		PpdlStatus	status;

		PPDL_TRY(ppdl_image_decode(&im, picture_file[i].buf, picture_file[i].len, PPDL_BACKGROUND_NONE, err));
		status = ppdl_image_pixels(thumbnail[i].pixel, &im, PPDL_THUMBNAIL_SIDE, err);
		ppdl_image_free(&im);
		PPDL_TRY(status);
	}
	return ppdl_near_copies(group, thumbnail, 3, NULL, err);
}

static PpdlStatus
work_picture_list(PpdlError *err)
{
	PpdlPictureOptions opt = {.labels = picture_labels};
	PpdlPictureList list;
	PpdlStatus	status = ppdl_pictures_find(&list, picture_folder, &opt, err);

	ppdl_pictures_free(&list);
	if (status == PPDL_OK)
	{
		memset(&opt, 0, sizeof opt);
		status = ppdl_pictures_find(&list, picture_labels, &opt, err);
		ppdl_pictures_free(&list);
	}
	return status;
}

static int
make_pictures(void)
{
	uint8_t		raw[20 * 20];
	char		path[sizeof picture_folder + 16];
	FILE	   *f;

	for (int i = 0; i < 400; i++)
		raw[i] = (uint8_t) (i * i / 3);
	fixture_png(&picture_file[0], 20, 20, PNG_COLOR_TYPE_GRAY, 8, 1, raw);
	fixture_jpeg(&picture_file[1], 20, 20, TJPF_GRAY, TJSAMP_GRAY, 0, raw);
	ppdl_writer_init(&picture_file[2]);
	ppdl_write_bytes(&picture_file[2], "P5 20 20 255\n", 13);
	ppdl_write_bytes(&picture_file[2], raw, 400);
	if (mkdtemp(picture_folder) == NULL)
		return -1;
	snprintf(picture_labels, sizeof picture_labels, "%s/labels.csv", picture_folder);
	f = fopen(picture_labels, "w");
	fputs("file,label\nb.pgm,x\nc.pgm,y\nd.pgm,\n", f);
	fclose(f);
	for (const char *name = "abd"; *name; name++)
	{
		snprintf(path, sizeof path, "%s/%c.pgm", picture_folder, *name);
		fclose(fopen(path, "w"));
	}
	return 0;
}

static int
remove_files(void **state)
{
	char		path[sizeof picture_folder + 16];

	(void) state;
	unlink(words_file);
	ppdl_writer_free(&words_line);
	ppdl_owner_destroy(words_owner);
	for (int i = 0; i < 3; i++)
		ppdl_writer_free(&picture_file[i]);
	for (const char *name = "abd"; *name; name++)
	{
		snprintf(path, sizeof path, "%s/%c.pgm", picture_folder, *name);
		unlink(path);
	}
	unlink(picture_labels);
	return rmdir(picture_folder);
}

/* scored rows of two or three classes, in all three forms; with `id` and labels of another file */
static PpdlStatus
evaluate_text(char *text, const PpdlEvalOptions *opt, char *labels, PpdlError *err)
{
	const char *const names[] = {"id", "label", "a", "b", "c"};
	const PpdlCsvOptions csv_options = {.name = "test"};
	FILE	   *f = fmemopen(labels, strlen(labels), "r"),
			   *out = fopen("/dev/null", "w");
	PpdlCsv    *csv = NULL;
	PpdlTexts	t = {0};
	PpdlEvalRows rows;
	PpdlEvalClasses classes = {0};
	PpdlEvaluation e = {0};
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_eval_rows_init(&rows, opt, "rows");
	ppdl_writer_init(&w);
	PPDL_GOTO(done, f && out ? PPDL_OK : ppdl_error(err, PPDL_ERR_IO, "fmemopen"));
	if (opt->id)
	{
		PPDL_GOTO(done, ppdl_csv_open(&csv, f, &csv_options, err));
		PPDL_GOTO(done, ppdl_eval_labels(&rows, csv, err));
	}
	PPDL_GOTO(done, ppdl_eval_columns(&rows, names, 5, err));
	for (char *line = text, *end; *line; line = end + 1)
	{
		char		copy[100];

		end = strchr(line, '\n');
		snprintf(copy, sizeof copy, "%.*s", (int) (end - line), line);
		PPDL_GOTO(done, ppdl_copy_split(&t, copy, strlen(copy)) ? PPDL_OK :
				  ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
		PPDL_GOTO(done, ppdl_eval_row(&rows, t.text, "here", err));
	}
	PPDL_GOTO(done, ppdl_eval_classes(&classes, &rows, err));
	PPDL_GOTO(done, ppdl_evaluate(&e, &rows, &classes, err));
	PPDL_GOTO(done, ppdl_evaluation_table(&e, out, err));
	PPDL_GOTO(done, ppdl_evaluation_csv(&e, &w, err));
	status = ppdl_evaluation_json(&e, &w, err);
done:
	ppdl_evaluation_free(&e);
	ppdl_eval_classes_free(&classes);
	ppdl_eval_rows_free(&rows);
	ppdl_texts_free(&t);
	ppdl_csv_close(csv);
	ppdl_writer_free(&w);
	if (f)
		fclose(f);
	if (out)
		fclose(out);
	return status;
}

static PpdlStatus
work_evaluate(PpdlError *err)
{
	char		text[] = "1\tx\t0.5\t-1\t0\n2\ty\t-0.5\t1\t0\n3\tz\t-1\t0.2\t1\n4\tx\t1\t2\t-1\n",
				arrays[] = "1\t{1,-1}\t{0.5,-0.5}\t\t\n2\t{-1,1}\t{0.1,0.4}\t\t\n",
				labels[] = "id,label\n1,yes\n2,no\n3,yes\n4,no\n";
	char	   *three[] = {"a", "b", "c", NULL},
			   *one[] = {"a", NULL};
	PpdlEvalOptions opt = {.label = "label", .scores = {three, 3}, .positive = "y", .level = 0.95, .bins = 4},
				array = {.label = "label", .scores = {one, 1}, .level = 0.95, .bins = 4},
				joined = {.label = "label", .scores = {one, 1}, .id = "id", .threshold = 0.1, .level = 0.95, .bins = 4};

	PPDL_TRY(evaluate_text(text, &opt, labels, err));
	PPDL_TRY(evaluate_text(arrays, &array, labels, err));
	return evaluate_text(text, &joined, labels, err);
}

static PpdlStatus
work_stats(PpdlError *err)
{
	static const double x[] = {0, 1, 1, 0, 1, 1, 0, 0, 0.5, 0.2, 0.3, 0.9};
	static const int truth[] = {0, 1, 2, 0, 1, 2},
				group[] = {1, 1, 1, 2, 2, 2};
	PpdlLogistic *model;
	double		scores[18];
	int			fold[6];

	PPDL_TRY(ppdl_split_folds(fold, truth, group, 6, 2, 1, err));
	PPDL_TRY(ppdl_logistic_fit(&model, x, truth, 6, 2, 3, NULL, err));
	ppdl_logistic_scores(model, x, 6, scores);
	ppdl_logistic_free(model);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ reports */

/* results as parsed from text, and all forms of their report */
static PpdlStatus
work_report(PpdlError *err)
{
	static PpdlWriter lines;
	PpdlResults *results;
	PpdlSummary s = {0};
	PpdlWriter	w;
	PpdlStatus	status;

	/* made once, and kept */
	if (lines.len == 0)
		for (int method = 0; method < FAKE_METHODS; method++)
			fake_run(&lines, "d", "\"a\",\"b\"", "4-1", method, 1, 1, 0.9, 0.5);
	PPDL_TRY(ppdl_results_parse(&results, (const char *) lines.buf, lines.len, "results", err));
	ppdl_writer_init(&w);
	status = ppdl_summarise(&s, results, err);
	if (status == PPDL_OK)
		status = ppdl_report_html(&w, &s, err);
	if (status == PPDL_OK)
		status = ppdl_report_markdown(&w, &s, err);
	if (status == PPDL_OK)
		status = ppdl_report_csv(&w, &s, err);
	ppdl_writer_free(&w);
	ppdl_summary_free(&s);
	ppdl_results_destroy(results);
	return status;
}

/* ------------------------------------------------------------------ statistics */

/* everything about three columns with levels and a number, as a page */
static PpdlStatus
put_statistics(PpdlStatisticsGroup *g, const PpdlRegressOptions *opt, PpdlError *err)
{
	PpdlStatisticsPage page = {.title = "t",.group = g,.groups = 1};
	PpdlTerm	term[] = {{0, 0}, {1, 0}, {5, 0}, {5, 1}};
	PpdlDescription description[4];
	PpdlCorrelation correlation;
	PpdlRegression regression = {0};
	PpdlCrosstab crosstab = {0};
	PpdlHistogram histogram = {0};
	PpdlComponents components = {0};
	PpdlWriter	w;
	PpdlStatus	status = ppdl_correlate(&correlation, g->moments, term, 4, err);

	if (status == PPDL_OK)
		status = ppdl_regress(&regression, g->moments, opt, err);
	if (status == PPDL_OK)
		status = ppdl_crosstab(&crosstab, g->moments, 5, 7, 0.95, err);
	if (status == PPDL_OK)
		status = ppdl_histogram(&histogram, g->moments, 7, err);
	if (status == PPDL_OK)
		status = ppdl_components(&components, &correlation, 1, NULL, err);
	ppdl_describe(description, g->moments, term, 4);
	*g = (PpdlStatisticsGroup) {NULL, g->moments, description, 4, &correlation, &regression, 1, &crosstab, 1, &histogram,
	1, &components, NULL, 0};
	ppdl_writer_init(&w);
	if (status == PPDL_OK)
		status = ppdl_statistics_html(&w, &page, err);
	ppdl_writer_free(&w);
	ppdl_components_free(&components);
	ppdl_histogram_free(&histogram);
	ppdl_crosstab_free(&crosstab);
	ppdl_regression_free(&regression);
	ppdl_correlation_free(&correlation);
	return status;
}

static PpdlStatus
work_statistics(PpdlError *err)
{
	static Table table;
	static const int columns[] = {0, 1, 5};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 3,.level = 0.95};
	PpdlStatisticsGroup g = {.moments = &table.m};
	PpdlTerm   *term;
	int			terms;
	PpdlStatus	status;

	table_random(&table, 60, 3);
	if (!table_moments(&table, 0, 1))
		return PPDL_ERR_NOMEM;
	status = ppdl_moments_check(&table.m, err);
	if (status == PPDL_OK)
		status = ppdl_moments_terms(&term, &terms, &table.m, err);
	if (status == PPDL_OK)
	{
		free(term);
		status = put_statistics(&g, &opt, err);
	}
	ppdl_moments_free(&table.m);
	return status;
}

/* what ppdl stats asks for, and what it shows in all its forms */
static PpdlStatus
plan_statistics(PpdlError *err)
{
	static const char text[] = "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
	" {\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 2, \"missing\": true},"
	" {\"column\": \"a\", \"kind\": \"at-least\", \"cuts\": [1]},"
	" {\"column\": \"b\", \"kind\": \"binary\", \"categories\": [\"x\", \"y\"]}],"
	" \"label\": {\"column\": \"l\", \"kind\": \"binary\", \"categories\": [\"no\", \"yes\"]}}";
	char	   *b_y[] = {(char *) "b=y"};
	const PpdlStatsAsk ask = {.all = 1,.regress = {.item = b_y,.count = 1},.level = 0.95};
	PpdlStatsColumns c = {0};
	PpdlStatsPlan p = {0};
	PpdlFeatures *fs;
	PpdlStatus	status;

	PPDL_TRY(ppdl_features_parse_renewed(&fs, text, strlen(text), "test", err));
	status = ppdl_stats_columns(&c, fs, 1, err);
	if (status == PPDL_OK)
		status = ppdl_stats_plan(&p, &ask, &c, err);
	ppdl_stats_plan_free(&p);
	ppdl_stats_columns_free(&c);
	ppdl_features_destroy(fs);
	return status;
}

static PpdlStatus
show_statistics(const PpdlStatsPage *page, PpdlError *err)
{
	FILE	   *f = fopen("/dev/null", "w");
	PpdlWriter	w;
	PpdlStatus	status;

	if (f == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "/dev/null");
	ppdl_writer_init(&w);
	status = ppdl_stats_csv(&w, page, err);
	if (status == PPDL_OK)
		status = ppdl_stats_json(&w, page, err);
	if (status == PPDL_OK)
		status = ppdl_stats_show(f, page, err);
	ppdl_writer_free(&w);
	fclose(f);
	return status;
}

static PpdlStatus
work_stats_tool(PpdlError *err)
{
	static Table table;
	static PpdlTerm term[] = {{0, 0}, {1, 0}, {5, 1}},
				response = {9, 0};
	static int	on[] = {0, 1, 5},
				crosstab[] = {4, 5},
				histogram[] = {7};
	const PpdlStatsPlan plan = {.term = term,.terms = 3,.crossed = term,.crosses = 3,.response = &response,.responses = 1,
	.on = on,.ons = 3,.crosstab = crosstab,.crosstabs = 1,.histogram = histogram,.histograms = 1,.describe = 1,
	.correlation = 1,.components = 1,.level = 0.95};
	const PpdlList by = {0};
	const PpdlStatsQuery query = {.table = "t",.group_by = &by};
	PpdlStatsRows rows = {0};
	PpdlStatsAnswer answer = {.sql = (char *) "SELECT",.group = &rows,.groups = 1};
	PpdlStatsResult result = {0};
	PpdlStatus	status;

	PPDL_TRY(plan_statistics(err));
	table_random(&table, 60, 3);
	if (!table_moments(&table, 0, 1))
		return PPDL_ERR_NOMEM;
	rows.moments = table.m;
	status = ppdl_moments_check(&rows.moments, err);
	if (status == PPDL_OK)
		status = ppdl_stats_compute(&result, &plan, &answer, 0, 5, err);
	if (status == PPDL_OK)
		status = show_statistics(&(PpdlStatsPage) {&query, &answer, &result}, err);
	ppdl_stats_result_free(&result);
	ppdl_moments_free(&rows.moments);
	return status;
}

/* ------------------------------------------------------------------ libppdl */

static const char library_features[] =
"{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
" {\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 2, \"missing\": true},"
" {\"column\": \"b\", \"kind\": \"binary\", \"categories\": [\"x\", \"y\"]}],"
" \"label\": {\"column\": \"l\", \"kind\": \"binary\", \"categories\": [\"no\", \"yes\"]}}";

static int32_t
library_rows(ppdl_key *key, const double *x, const double *y, ppdl_err *e)
{
	const ppdl_encryptor_options options = {.size = sizeof options, .inputs = 3, .outputs = 1, .compact = 1,
											.batch_rows = 1};
	ppdl_encryptor *encryptor = NULL;
	ppdl_plain *plain = NULL;
	uint8_t		cells[2000],
				labels[2000];
	char		text[1000];
	int32_t		code = ppdl_encryptor_new(&encryptor, key, &options, e);
	ppdl_encryptor_info info = {.size = sizeof info};

	if (code == 0)
		code = ppdl_encryptor_describe(encryptor, &info, e);
	if (code == 0)
		code = ppdl_encrypt(encryptor, x, y, 2, cells, labels, e);
	if (code == 0)
	{
		ppdl_base64(cells, info.cell_bytes[0], text);
		code = ppdl_decrypt(&plain, key, text, strlen(text), 0, e);
	}
	ppdl_plain_free(plain);
	ppdl_encryptor_free(encryptor);
	return code;
}

static int32_t
library_all(ppdl_key **key, ppdl_encoding **encoding, ppdl_network **network, ppdl_err *e)
{
	static const double number[] = {0.5, 1};
	static const char *const text[] = {"x", "y"},
			   *const label[] = {"no", ""};
	const ppdl_column column[] = {{"a", number, NULL}, {"b", NULL, text}, {"l", NULL, label}};
	double		x[6],
				y[2],
				average[3];
	uint8_t		has_label[2];
	int32_t		code = ppdl_encoding_read(encoding, library_features, strlen(library_features), "f", e);

	if (code == 0)
		code = ppdl_encode(*encoding, column, 3, sizeof *column, 2, 0, x, y, has_label, NULL, e);
	if (code == 0)
		code = ppdl_decode_average(*encoding, x, 3, 1e-6, average, NULL, e);
	if (code == 0)
		code = ppdl_decode_sum(*encoding, x, 3, 1e-6, 1, average, NULL, e);
	if (code == 0)
		code = ppdl_network_parse(network, spec, strlen(spec), e);
	if (code == 0)
		code = ppdl_key_generate(key, "library", e);
	return code == 0 ? library_rows(*key, x, y, e) : code;
}

static PpdlStatus
work_library(PpdlError *err)
{
	ppdl_err   *e = ppdl_err_new();
	ppdl_key   *key = NULL;
	ppdl_encoding *encoding = NULL;
	ppdl_network *network = NULL;
	int32_t		code;

	if (e == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	code = library_all(&key, &encoding, &network, e);
	if (code != 0)
		ppdl_error(err, (PpdlStatus) code, "%s", ppdl_err_message(e));
	ppdl_network_free(network);
	ppdl_encoding_free(encoding);
	ppdl_key_free(key);
	ppdl_err_free(e);
	return (PpdlStatus) code;
}

/* ------------------------------------------------------------------ tests */

#define TEST(name) \
	static void \
	name(void **state) \
	{ \
		(void) state; \
		run_out(work_##name, #name); \
	}

TEST(base)
TEST(ckks)
TEST(public_key)
TEST(sum)
TEST(pack)
TEST(pack_in_place)
TEST(row_set)
TEST(rsa)
TEST(rsa_network)
TEST(net)
TEST(conv)
TEST(learn)
TEST(owner)

static void
receipts(void **state)
{
	static const uint8_t master[PPDL_MASTER_BYTES] = {1};
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 2, .ring = PPDL_RING_COMPACT};
	const double x[12] = {0.5};

	(void) state;
	assert_int_equal(ppdl_owner_from_master(&tagging, "clinic", master, NULL), PPDL_OK);
	assert_int_equal(ppdl_owner_encrypt(tagging, untagged, x, 3, 4, &opt, NULL), PPDL_OK);
	run_out(work_receipts, "receipts");
	ppdl_owner_destroy(tagging);
}

static void
rekey(void **state)
{
	static const uint8_t master[2][PPDL_MASTER_BYTES] = {{2}, {3}};
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 2, .ring = PPDL_RING_COMPACT};
	const double x[4] = {0.5};
	PpdlError	err;

	(void) state;
	assert_int_equal(ppdl_owner_from_master(&rekeyed_from, "old", master[0], NULL), PPDL_OK);
	assert_int_equal(ppdl_owner_from_master(&rekeyed_to, "new", master[1], NULL), PPDL_OK);
	assert_int_equal(ppdl_owner_encrypt(rekeyed_from, rekeyed_slice, x, 1, 4, &opt, NULL), PPDL_OK);
	/* what the keys' owners make when it is first needed stays with them */
	assert_int_equal(work_rekey(&err), PPDL_OK);
	run_out(work_rekey, "rekey");
	ppdl_owner_destroy(rekeyed_from);
	ppdl_owner_destroy(rekeyed_to);
}

TEST(features)
TEST(evaluate)
TEST(stats)
TEST(text)
TEST(then)
TEST(words)
TEST(status)
TEST(pictures)
TEST(picture_list)
TEST(report)
TEST(statistics)
TEST(stats_tool)
TEST(library)

static int
set_up(void **state)
{
	FILE	   *f = fopen("test/data/rsa-test.pub", "r");
	PpdlError	err = {0};

	(void) state;
	assert_non_null(f);
	assert_true(fread(public_pem, 1, sizeof(public_pem) - 1, f) > 0);
	fclose(f);
	if (make_words(&err) != PPDL_OK)
		fail_msg("%s", err.message);
	hook_json();
	return make_pictures();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base),
		cmocka_unit_test(ckks),
		cmocka_unit_test(public_key),
		cmocka_unit_test(sum),
		cmocka_unit_test(pack),
		cmocka_unit_test(pack_in_place),
		cmocka_unit_test(row_set),
		cmocka_unit_test(rsa),
		cmocka_unit_test(rsa_network),
		cmocka_unit_test(net),
		cmocka_unit_test(conv),
		cmocka_unit_test(learn),
		cmocka_unit_test(owner),
		cmocka_unit_test(receipts),
		cmocka_unit_test(rekey),
		cmocka_unit_test(features),
		cmocka_unit_test(evaluate),
		cmocka_unit_test(stats),
		cmocka_unit_test(text),
		cmocka_unit_test(then),
		cmocka_unit_test(words),
		cmocka_unit_test(status),
		cmocka_unit_test(pictures),
		cmocka_unit_test(picture_list),
		cmocka_unit_test(report),
		cmocka_unit_test(statistics),
		cmocka_unit_test(stats_tool),
		cmocka_unit_test(library),
	};

	return cmocka_run_group_tests(tests, set_up, remove_files);
}
