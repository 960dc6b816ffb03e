/*
 * What the tests of the CKKS floor share: a ring with its keys, made when an
 * operation first asks for them, random messages and measured errors.
 */
#ifndef TEST_CKKS_FIXTURE_H
#define TEST_CKKS_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/complex.h"
#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "ckks/eval.h"
#include "ckks/keys.h"
#include "toy_params.h"

#define MAX_KEYS 256

/* PPDL_OK or the test fails with the error's message */
#define OK(expr) ok(expr, #expr, __FILE__, __LINE__)

static PpdlError err;

static inline void
ok(PpdlStatus status, const char *what, const char *file, int line)
{
	if (status != PPDL_OK)
	{
		print_error("%s: %s: %s\n", what, ppdl_status_name(status), err.message);
		_fail(file, line);
	}
}

typedef struct Fixture
{
	PpdlParams *owned;
	const PpdlParams *par;
	PpdlPool   *pool;
	PpdlThreads *threads;
	PpdlRng    *rng;
	PpdlSecret *sk;
	PpdlEval	ev;
	PpdlSwitchKey *key[MAX_KEYS];
	int			nkeys;
	int			key_limbs;		/* limbs of keys made on demand; 0: all */
	uint64_t	random;
	double complex *z;			/* scratch of `slots` entries */
} Fixture;

static inline uint64_t
next_random(Fixture *f)
{
	/* splitmix64 */
	uint64_t	x = f->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* uniform in [-1, 1) */
static inline double
next_real(Fixture *f)
{
	return (double) (int64_t) next_random(f) * 0x1p-63;
}

static inline PpdlStatus
make_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	Fixture    *f = arg;
	PpdlStatus	status;

	*key = NULL;
	for (int i = 0; i < f->nkeys; i++)
	{
		if (f->key[i]->id == id && f->key[i]->limbs >= limbs)
		{
			*key = f->key[i];
			return PPDL_OK;
		}
	}
	assert_true(f->nkeys < MAX_KEYS);
	status = ppdl_eval_key_create(&f->key[f->nkeys], id, f->sk, f->key_limbs > limbs ? f->key_limbs : f->par->nq,
								  f->rng, f->threads, e);
	if (status == PPDL_OK)
		*key = f->key[f->nkeys++];
	return status;
}

/* lit NULL: the built-in ring of this id */
static inline Fixture *
fixture_new(const PpdlParamsLiteral *lit, uint8_t id, int threads)
{
	Fixture    *f = calloc(1, sizeof(*f));
	uint8_t		seed[PPDL_SEED_BYTES] = {42};

	assert_non_null(f);
	if (lit != NULL)
	{
		OK(ppdl_params_create(&f->owned, lit, 0, &err));
		f->par = f->owned;
	}
	else
		OK(ppdl_params_get(id, &f->par, &err));
	f->pool = ppdl_pool_create();
	assert_non_null(f->pool);
	if (threads > 1)
		OK(ppdl_threads_create(&f->threads, threads, &err));
	f->random = 20240607;
	print_message("ring %s, %d threads, seed %llu\n", f->par->name, threads, (unsigned long long) f->random);
	OK(ppdl_rng_create_seeded(&f->rng, seed, 1, &err));
	OK(ppdl_secret_create(&f->sk, f->par, f->rng, &err));
	OK(ppdl_eval_init(&f->ev, f->par, f->pool, f->threads, &err));
	f->ev.get_key = make_key;
	f->ev.get_key_arg = f;
	f->z = malloc(sizeof(*f->z) * f->par->slots);
	assert_non_null(f->z);
	return f;
}

static inline void
fixture_free(Fixture *f)
{
	ppdl_eval_fini(&f->ev);
	for (int i = 0; i < f->nkeys; i++)
		ppdl_switch_key_destroy(f->key[i]);
	ppdl_secret_destroy(f->sk);
	ppdl_rng_destroy(f->rng);
	ppdl_pool_destroy(f->pool);
	ppdl_threads_destroy(f->threads);
	ppdl_params_destroy(f->owned);
	free(f->z);
	free(f);
}

static inline double complex *
new_slots(const Fixture *f)
{
	double complex *z = calloc(f->par->slots, sizeof(*z));

	assert_non_null(z);
	return z;
}

/* real: imaginary parts 0 */
static inline double complex *
random_slots(Fixture *f, int real)
{
	double complex *z = new_slots(f);

	for (size_t i = 0; i < f->par->slots; i++)
	{
		double		re = next_real(f);

		z[i] = CMPLX(re, real ? 0 : next_real(f));
	}
	return z;
}

static inline PpdlCt
encrypt(Fixture *f, const double complex *z, double scale, int limbs)
{
	PpdlPt		pt;
	PpdlCt		ct;

	OK(ppdl_pt_alloc(&f->ev, &pt, limbs, &err));
	OK(ppdl_encode_slots(f->par, &pt, z, f->par->slots, scale, limbs, &err));
	OK(ppdl_encrypt_secret(&f->ev, &ct, &pt, f->sk, f->rng, &err));
	ppdl_pt_release(&f->ev, &pt);
	return ct;
}

/* to the last bit */
static inline void
assert_same_ct(const PpdlCt *a, const PpdlCt *b)
{
	const size_t bytes = sizeof(uint64_t) * (size_t) a->limbs * a->par->n;

	assert_int_equal(a->limbs, b->limbs);
	assert_true(a->domain == b->domain && a->scale == b->scale && a->noise == b->noise && a->bound == b->bound);
	assert_memory_equal(a->b, b->b, bytes);
	assert_memory_equal(a->a, b->a, bytes);
}

typedef struct Measured
{
	double		rms,
				worst;
} Measured;

static inline Measured
measure(const double complex *got, const double complex *want, size_t n)
{
	Measured	m = {0, 0};

	for (size_t i = 0; i < n; i++)
	{
		double		re = creal(got[i]) - creal(want[i]),
					im = cimag(got[i]) - cimag(want[i]),
					d = hypot(re, im);

		m.rms += d * d / (double) n;
		m.worst = fmax(m.worst, d);
	}
	m.rms = sqrt(m.rms);
	return m;
}

static inline Measured
show_error(Fixture *f, const char *what, const PpdlCt *ct, const double complex *want)
{
	double		estimate = ct->noise * sqrt((double) f->par->n) / ct->scale;
	Measured	m;

	OK(ppdl_decrypt_slots(&f->ev, ct, f->sk, f->z, &err));
	m = measure(f->z, want, f->par->slots);
	print_message("%-34s limbs %2d  scale 2^%6.2f  error bits: rms %6.2f  worst %6.2f  estimate %6.2f\n", what,
				  ct->limbs,
				  log2(ct->scale), -log2(m.rms), -log2(m.worst), -log2(estimate));
	return m;
}

/* the measured error must lie around the estimate: at most 8 times above, 32 times below */
static inline void
check(Fixture *f, const char *what, const PpdlCt *ct, const double complex *want)
{
	double		estimate = ct->noise * sqrt((double) f->par->n) / ct->scale;
	Measured	m = show_error(f, what, ct, want);

	assert_true(m.rms <= 8 * estimate);
	assert_true(m.rms >= estimate / 32);
}

#endif
