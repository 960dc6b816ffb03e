#include "ckks/cache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ring/random.h"

static PpdlStatus
make_roots(PpdlParams *par, PpdlError *err)
{
	PpdlParamsCache *c = par->cache;
	int			bits = par->logn - 1;

	c->roots = malloc(sizeof(double complex) * par->slots);
	c->bitrev = malloc(sizeof(uint32_t) * par->slots);
	if (c->roots == NULL || c->bitrev == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < par->slots; i++)
		c->bitrev[i] = ppdl_bitrev((uint32_t) i, bits);
	for (size_t len = 2; len <= par->slots; len *= 2)
	{
		size_t		power = 1;	/* 5^j mod 4 len */

		for (size_t j = 0; j < len / 2; j++, power = power * 5 % (4 * len))
		{
			long double angle = 2 * M_PIl * (long double) power / (long double) (4 * len);

			c->roots[len / 2 - 1 + j] = CMPLX((double) cosl(angle), (double) sinl(angle));
		}
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_params_cache_create(PpdlParams *par, PpdlError *err)
{
	par->cache = calloc(1, sizeof(PpdlParamsCache));
	if (par->cache == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	pthread_mutex_init(&par->cache->lock, NULL);
	return make_roots(par, err);
}

static void
destroy_plan(PpdlKsPlan *plan)
{
	if (plan == NULL)
		return;
	for (int j = 0; j < plan->ndigits; j++)
		ppdl_baseconv_destroy(plan->up[j]);
	ppdl_baseconv_destroy(plan->by_p.conv);
	ppdl_baseconv_destroy(plan->by_pq.conv);
	free(plan);
}

void
ppdl_params_cache_destroy(PpdlParams *par)
{
	PpdlParamsCache *c = par->cache;

	if (c == NULL)
		return;
	for (int k = 0; k < 2; k++)
		for (int l = 0; l <= PPDL_MAX_Q; l++)
			destroy_plan(c->plan[k][l]);
	pthread_mutex_destroy(&c->lock);
	free(c->roots);
	free(c->bitrev);
	free(c);
	par->cache = NULL;
}

int
ppdl_params_digits(const PpdlParams *par, int limbs)
{
	int			d = 0;

	while (d < par->ndigits && par->digit_start[d] < limbs)
		d++;
	return d;
}

/*
 * Variance of the switched phase: rounding of ModDown, (1 + |s|^2)/12 with |s|^2
 * = 2N/3, and the digits, uniform below D_j, times the errors of the key over P.
 */
static void
estimate_noise(const PpdlParams *par, PpdlKsPlan *plan)
{
	double		n = (double) par->n,
				log2_p = 0,
				var = 0;

	for (int i = 0; i < plan->np; i++)
		log2_p += log2((double) par->ring->mod[par->nq + i].q);
	for (int j = 0; j < plan->ndigits; j++)
	{
		double		log2_d = 0;

		for (int i = plan->lo[j]; i < plan->hi[j]; i++)
			log2_d += log2((double) par->ring->mod[i].q);
		var += n * exp2(2 * (log2_d - log2_p)) * PPDL_SIGMA * PPDL_SIGMA / 12;
	}
	plan->digit_noise = sqrt(var);
	plan->noise = sqrt(var + (1 + 2 * n / 3) / 12);
}

/* product of the primes of limbs first .. total-1 over QP, modulo prime i */
static uint64_t
product_mod(const PpdlParams *par, const PpdlKsPlan *plan, int first, int i)
{
	const PpdlModulus *m = &par->ring->mod[i];
	uint64_t	p = 1;

	for (int t = first; t < plan->total; t++)
		p = ppdl_mod_mul(m, p, ppdl_mod_from_u64(m, ppdl_qp_mod(par, plan->limbs, t)->q));
	return p;
}

static PpdlStatus
make_divisor(const PpdlParams *par, const PpdlKsPlan *plan, int first, PpdlDivisor *d, PpdlError *err)
{
	int			src[PPDL_MAX_P + 1],
				dst[PPDL_MAX_Q];

	d->first = first;
	for (int t = first; t < plan->total; t++)
		src[t - first] = ppdl_qp_index(par, plan->limbs, t);
	for (int i = 0; i < first; i++)
	{
		dst[i] = i;
		d->inv[i] = ppdl_mod_inv(&par->ring->mod[i], product_mod(par, plan, first, i));
		d->p_over[i] = ppdl_mod_mul(&par->ring->mod[i], plan->p_mod[i], d->inv[i]);
	}
	return ppdl_baseconv_create(&d->conv, par->ring, src, plan->total - first, dst, first, err);
}

static PpdlStatus
make_plan(const PpdlParams *par, int limbs, int np, PpdlKsPlan **out, PpdlError *err)
{
	PpdlKsPlan *plan = calloc(1, sizeof(*plan));
	int			src[PPDL_MAX_Q + PPDL_MAX_P],
				dst[PPDL_MAX_Q + PPDL_MAX_P],
				nsrc,
				ndst;
	PpdlStatus	status;

	if (plan == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	plan->limbs = limbs;
	plan->np = np;
	plan->total = limbs + np;
	plan->ndigits = ppdl_params_digits(par, limbs);
	for (int j = 0; j < plan->ndigits; j++)
	{
		plan->lo[j] = par->digit_start[j];
		plan->hi[j] = par->digit_start[j + 1] < limbs ? par->digit_start[j + 1] : limbs;
		nsrc = ndst = 0;
		for (int t = 0; t < plan->total; t++)
		{
			if (t >= plan->lo[j] && t < plan->hi[j])
				src[nsrc++] = t;
			else
				dst[ndst++] = ppdl_qp_index(par, limbs, t);
		}
		PPDL_GOTO(fail, ppdl_baseconv_create(&plan->up[j], par->ring, src, nsrc, dst, ndst, err));
	}
	for (int i = 0; i < limbs; i++)
		plan->p_mod[i] = product_mod(par, plan, limbs, i);
	PPDL_GOTO(fail, make_divisor(par, plan, limbs, &plan->by_p, err));
	if (limbs > 1)
		PPDL_GOTO(fail, make_divisor(par, plan, limbs - 1, &plan->by_pq, err));
	estimate_noise(par, plan);
	*out = plan;
	return PPDL_OK;

fail:
	destroy_plan(plan);
	return status;
}

PpdlStatus
ppdl_ks_plan(const PpdlParams *par, int limbs, int np, const PpdlKsPlan **plan, PpdlError *err)
{
	PpdlParamsCache *c = par->cache;
	int			which = np != par->np;
	PpdlStatus	status = PPDL_OK;

	PPDL_ASSERT(limbs >= 1 && limbs <= par->nq && (np == par->np || np == 1));
	*plan = __atomic_load_n(&c->plan[which][limbs], __ATOMIC_ACQUIRE);
	if (*plan != NULL)
		return PPDL_OK;
	pthread_mutex_lock(&c->lock);
	if (c->plan[which][limbs] == NULL)
	{
		PpdlKsPlan *made = NULL;

		status = make_plan(par, limbs, np, &made, err);
		if (status == PPDL_OK)
			__atomic_store_n(&c->plan[which][limbs], made, __ATOMIC_RELEASE);
	}
	*plan = c->plan[which][limbs];
	pthread_mutex_unlock(&c->lock);
	return status;
}
