/* A deep ring with every key that bootstrapping asks for, made on demand at the level asked for. */
#ifndef TEST_DEEP_FIXTURE_H
#define TEST_DEEP_FIXTURE_H

#include "ckks_fixture.h"
#include "toy_deep.h"

#include <time.h>

#include "ckks/boot.h"
#include "rows/keyplan.h"

typedef struct Deep
{
	Fixture    *f;
	PpdlSecret *sparse;
	PpdlSecret *bridge;			/* s_row(X^4), if the test uses rows */
	PpdlRotationSet *rotations;
	int			planned;		/* no other keys than owners publish */
} Deep;

static inline double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* do owners publish it? */
static inline int
deep_key_is_planned(uint32_t id, int limbs)
{
	PpdlKeyNeed need[PPDL_MAX_KEY_NEEDS];
	int			n = ppdl_keyplan(PPDL_USE_TRAIN, need, &err);

	for (int i = 0; i < n; i++)
		if (need[i].id == id && need[i].limbs >= limbs)
			return 1;
	return 0;
}

static inline PpdlStatus
deep_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	Deep	   *d = arg;
	Fixture    *f = d->f;
	PpdlStatus	status;

	*key = NULL;
	if (d->planned && !deep_key_is_planned(id, limbs))
		return ppdl_error(e, PPDL_ERR_KEY, "key %u at %d limbs is not in the plan", id, limbs);
	for (int i = 0; i < f->nkeys; i++)
		if (f->key[i]->id == id && f->key[i]->limbs >= limbs)
		{
			*key = f->key[i];
			return PPDL_OK;
		}
	assert_true(f->nkeys < MAX_KEYS);
	if (id == PPDL_KEY_FROM_SPARSE)
		status = ppdl_switch_key_create(&f->key[f->nkeys], &(PpdlSwitchKeyForm) {id, f->par->nq, 1}, d->sparse, f->sk, f->rng, f->threads, e);
	else if (id == PPDL_KEY_TO_SPARSE)
		status = ppdl_switch_key_create(&f->key[f->nkeys], &(PpdlSwitchKeyForm) {id, 1, 1}, f->sk, d->sparse, f->rng, f->threads, e);
	else if (id == PPDL_KEY_BRIDGE || id == PPDL_KEY_BRIDGE_COMPACT)
		status = ppdl_switch_key_create(&f->key[f->nkeys], &(PpdlSwitchKeyForm) {id, 1, 1}, d->bridge, d->sparse, f->rng, f->threads, e);
	else
		status = ppdl_eval_key_create(&f->key[f->nkeys], id, f->sk, limbs, f->rng, f->threads, e);
	if (status == PPDL_OK)
		*key = f->key[f->nkeys++];
	return status;
}

/* logn 16: the real ring, and no other keys than owners publish */
static inline Deep *
deep_new(int logn, int threads)
{
	Deep	   *d = calloc(1, sizeof(*d));
	const PpdlParams *real;
	PpdlParamsLiteral lit;

	OK(ppdl_params_get(PPDL_RING_DEEP, &real, &err));
	lit = toy_deep(real, logn);
	d->f = fixture_new(logn == real->logn ? NULL : &lit, PPDL_RING_DEEP, threads);
	OK(ppdl_secret_create_sparse(&d->sparse, d->f->par, PPDL_BOOT_SPARSE_H, d->f->rng, &err));
	if (logn == real->logn)
	{
		int			count;
		const PpdlRotationKey *key = ppdl_keyplan_deep_rotations(&count);

		OK(ppdl_rotset_create(&d->rotations, real, key, count, &err));
		d->f->ev.rotations = d->rotations;
		d->planned = 1;
	}
	d->f->ev.get_key = deep_key;
	d->f->ev.get_key_arg = d;
	return d;
}

static inline void
deep_free(Deep *d)
{
	ppdl_secret_destroy(d->sparse);
	ppdl_secret_destroy(d->bridge);
	ppdl_rotset_destroy(d->rotations);
	fixture_free(d->f);
	free(d);
}

/* errors, as bits */
typedef struct Precision
{
	double		sum,
				max;
	long		n;
} Precision;

static inline void
precision_add(Precision *p, double e)
{
	p->sum += e * e;
	p->n++;
	if (fabs(e) > p->max)
		p->max = fabs(e);
}

static inline double
precision_worst(const Precision *p)
{
	return -log2(p->max + 1e-300);
}

static inline double
precision_rms(const Precision *p)
{
	return sqrt(p->sum / (double) p->n);
}

static inline void
precision_print(const Precision *p, const char *what)
{
	print_message("%-44s %ld values: %.2f bits rms, %.2f worst\n", what, p->n,
				  -log2(sqrt(p->sum / (double) p->n) + 1e-300), precision_worst(p));
}

#endif
