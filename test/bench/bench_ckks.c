/*
 * Speed of the CKKS floor on one thread: prints `name<TAB>value<TAB>unit<TAB>note`,
 * one figure a line.  Times are the smallest processor times of some runs.
 */
#include <math.h>
#include <string.h>

#include "base/complex.h"
#include "bench.h"
#include "base/cpu.h"
#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "ckks/eval.h"
#include "ckks/keys.h"
#include "ckks/lintrans.h"
#include "ckks/schedule.h"
#include "floor.h"

#define MAX_KEYS 64

typedef struct Bench
{
	const PpdlParams *par;
	PpdlPool   *pool;
	PpdlRng    *rng;
	PpdlSecret *sk;
	PpdlEval	ev;
	PpdlSwitchKey *key[MAX_KEYS];
	int			nkeys;
	double complex *z;
	PpdlPt		pt;
	PpdlCt		x,
				y;
	PpdlHoisted hoisted;
	PpdlLinTrans *lt[PPDL_ROW_C2S_LEVELS];
} Bench;

/* milliseconds */
static double
measure(Bench *b, void (*fn) (Bench *), int runs)
{
	double		best = INFINITY;

	fn(b);
	for (int i = 0; i < repeats(runs); i++)
	{
		double		start = now();

		fn(b);
		best = fmin(best, now() - start);
	}
	return best * 1e3;
}

static void
print(const char *name, double value, const char *unit, const char *note)
{
	printf("%s\t%.4g\t%s\t%s, %s\n", name, value, unit, note, ppdl_cpu_name(ppdl_cpu()));
	fflush(stdout);
}

/* a time and the same over its floor */
static void
report(Bench *b, const char *name, void (*fn) (Bench *), int runs, const char *note)
{
	double		ms = measure(b, fn, runs);
	char		full[64];

	snprintf(full, sizeof(full), "%s_ms", name);
	print(full, ms, "ms", note);
	floor_begin();
	fn(b);
	floor_print(name, ms * 1e-3, floor_end(name));
}

static PpdlStatus
make_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	Bench	   *b = arg;

	for (int i = 0; i < b->nkeys; i++)
	{
		if (b->key[i]->id == id && b->key[i]->limbs >= limbs)
		{
			*key = b->key[i];
			return PPDL_OK;
		}
	}
	if (b->nkeys == MAX_KEYS)
		return ppdl_error(e, PPDL_ERR_KEY, "too many keys");
	PPDL_TRY(ppdl_eval_key_create(&b->key[b->nkeys], id, b->sk, b->par->nq, b->rng, NULL, e));
	*key = b->key[b->nkeys++];
	return PPDL_OK;
}

static void
encrypt(Bench *b, PpdlCt *ct, double scale)
{
	OK(ppdl_encode_slots(b->par, &b->pt, b->z, b->par->slots, scale, b->par->nq, &err));
	OK(ppdl_encrypt_secret(&b->ev, ct, &b->pt, b->sk, b->rng, &err));
}

static void
start(Bench *b, uint8_t ring, double scale)
{
	memset(b, 0, sizeof(*b));
	OK(ppdl_params_get(ring, &b->par, &err));
	b->pool = ppdl_pool_create();
	OK(ppdl_rng_create(&b->rng, &err));
	OK(ppdl_secret_create(&b->sk, b->par, b->rng, &err));
	OK(ppdl_eval_init(&b->ev, b->par, b->pool, NULL, &err));
	b->ev.get_key = make_key;
	b->ev.get_key_arg = b;
	b->z = malloc(sizeof(*b->z) * b->par->slots);
	for (size_t i = 0; i < b->par->slots; i++)
		b->z[i] = CMPLX(cos((double) i), sin(3.0 * (double) i));
	OK(ppdl_pt_alloc(&b->ev, &b->pt, b->par->nq, &err));
	encrypt(b, &b->x, scale);
	encrypt(b, &b->y, scale);
}

static void
finish(Bench *b)
{
	for (int i = 0; i < b->nkeys; i++)
		ppdl_switch_key_destroy(b->key[i]);
	ppdl_secret_destroy(b->sk);
	ppdl_rng_destroy(b->rng);
	ppdl_pool_destroy(b->pool);
	free(b->z);
}

static void
run_rotate(Bench *b)
{
	PpdlCt		out;

	OK(ppdl_ct_rotate(&b->ev, &out, &b->x, 1, &err));
	ppdl_ct_release(&b->ev, &out);
}

static void
run_rotate_hoisted(Bench *b)
{
	PpdlCt		out;

	OK(ppdl_hoisted_rotate(&b->ev, &out, &b->hoisted, 1, &err));
	ppdl_ct_release(&b->ev, &out);
}

static void
run_mul(Bench *b)
{
	PpdlCt		out;

	OK(ppdl_ct_mul_rescale(&b->ev, &out, &b->x, &b->y, &err));
	ppdl_ct_release(&b->ev, &out);
}

static void
run_encode(Bench *b)
{
	OK(ppdl_encode_slots(b->par, &b->pt, b->z, b->par->slots, 0x1p38, b->par->nq, &err));
}

static void
run_encrypt(Bench *b)
{
	PpdlCt		ct;

	OK(ppdl_encrypt_secret(&b->ev, &ct, &b->pt, b->sk, b->rng, &err));
	ppdl_ct_release(&b->ev, &ct);
}

static void
run_decrypt(Bench *b)
{
	OK(ppdl_decrypt_slots(&b->ev, &b->x, b->sk, b->z, &err));
}

/* as prediction takes them, but for the first layer in the last */
static void
make_c2s(Bench *b)
{
	PpdlC2sRotation	rotated = {0};

	for (int i = 0; i < PPDL_ROW_C2S_LEVELS; i++)
	{
		const PpdlC2sLevel *level = &ppdl_row_c2s[i];
		PpdlLinTransForm form = {.limbs = b->par->nq - i, .baby = PPDL_ROW_C2S_BABY, .min_keys = 1};
		PpdlMatrix *m;

		ppdl_c2s_rotation(&rotated, i, PPDL_ROW_C2S_LEVELS, level->stride, 0);
		form.source = rotated.source;
		form.pt_scale = (double) b->par->ring->mod[form.limbs - 1].q;
		OK(ppdl_matrix_dft(&m, b->par, level->period, level->len, level->stages, 1, &err));
		OK(ppdl_matrix_rotate(m, rotated.in, rotated.out, &err));
		OK(ppdl_lintrans_create(&b->lt[i], b->par, m, &form, NULL, NULL, &err));
		ppdl_matrix_destroy(m);
	}
}

static void
run_c2s(Bench *b)
{
	PpdlCt		ct,
				out;

	OK(ppdl_ct_copy(&b->ev, &ct, &b->x, b->x.limbs, &err));
	for (int i = 0; i < PPDL_ROW_C2S_LEVELS; i++)
	{
		OK(ppdl_lintrans_apply_rescale(&b->ev, &out, (const PpdlLinTrans *const *) &b->lt[i], 1, &ct, &err));
		ppdl_ct_release(&b->ev, &ct);
		ct = out;
	}
	ppdl_ct_release(&b->ev, &ct);
}

static void
run_c2s_pair(Bench *b)
{
	PpdlCt		ct[2],
				out[2];

	for (int k = 0; k < 2; k++)
		OK(ppdl_ct_copy(&b->ev, &ct[k], &b->x, b->x.limbs, &err));
	for (int i = 0; i < PPDL_ROW_C2S_LEVELS; i++)
	{
		OK(ppdl_lintrans_apply_all(&b->ev, out, (const PpdlLinTrans *const *) &b->lt[i], 1, ct, 2, 1, &err));
		for (int k = 0; k < 2; k++)
		{
			ppdl_ct_release(&b->ev, &ct[k]);
			ct[k] = out[k];
		}
	}
	for (int k = 0; k < 2; k++)
		ppdl_ct_release(&b->ev, &ct[k]);
}

int
main(void)
{
	Bench		b;

	start(&b, PPDL_RING_ROW, 0x1p38);
	report(&b, "keyswitch", run_rotate, 50, "rotation, N = 2^14, 8 limbs");
	OK(ppdl_hoist(&b.ev, &b.hoisted, &b.x, &err));
	report(&b, "rotate_hoisted", run_rotate_hoisted, 50, "N = 2^14, 8 limbs");
	ppdl_hoisted_release(&b.ev, &b.hoisted);
	report(&b, "mul_relin_rescale", run_mul, 50, "N = 2^14, 8 limbs");
	make_c2s(&b);
	report(&b, "c2s", run_c2s, 10, "coefficients to slots, N = 2^14, 8 limbs, levels of 5, 4, 4 stages");
	report(&b, "c2s_pair", run_c2s_pair, 10, "the same of two ciphertexts together");
	for (int i = 0; i < PPDL_ROW_C2S_LEVELS; i++)
		ppdl_lintrans_destroy(b.lt[i]);
	print("encode_ms", measure(&b, run_encode, 20), "ms", "8192 complex slots to 8 limbs");
	print("encrypt_ms", measure(&b, run_encrypt, 20), "ms", "secret key, N = 2^14, 8 limbs");
	print("decrypt_ms", measure(&b, run_decrypt, 20), "ms", "to slots, N = 2^14");
	finish(&b);

	start(&b, PPDL_RING_DEEP, 0x1p40);
	report(&b, "keyswitch_deep", run_rotate, 5, "rotation, N = 2^16, 28 limbs");
	finish(&b);
	return 0;
}
