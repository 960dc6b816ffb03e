/*
 * Key switches and linear transforms made limb by limb and block by block against the straightforward order, a whole
 * polynomial after the other, and sums of products and multiples against those of single entries: the same to the last
 * bit, on any number of threads and with each set of kernels.
 */
#include "ckks_fixture.h"

#include "base/cpu.h"
#include "ckks/cache.h"
#include "ckks/eval_impl.h"
#include "ckks/keys_impl.h"
#include "ckks/lintrans.h"
#include "ckks/rotations_sum.h"
#include "ring/rns.h"

/* not secure: the chain of the deep ring, so that limbs fall into groups and digits as there, and several blocks a limb */
static const PpdlParamsLiteral toy11 = {
	.id = PPDL_RING_CUSTOM, .name = "toy11", .logn = 11, .nq = 28, .np = 9,
	.q = {
		UINT64_C(0x3ffffffd20001), UINT64_C(0x10000140001), UINT64_C(0xffffe80001), UINT64_C(0xffffc40001),
		UINT64_C(0x100003e0001), UINT64_C(0xffffb20001), UINT64_C(0x10000500001), UINT64_C(0xffff940001),
		UINT64_C(0xffff8a0001), UINT64_C(0xffff820001), UINT64_C(0xffff780001), UINT64_C(0x10000960001),
		UINT64_C(0x3ffffe80001), UINT64_C(0x3ffffd20001), UINT64_C(0x3ffffffb80001), UINT64_C(0x3fffffed60001),
		UINT64_C(0x3fffffec80001), UINT64_C(0x3fffffebe0001), UINT64_C(0x3fffffea60001), UINT64_C(0x3fffffea40001),
		UINT64_C(0x3fffffe9e0001), UINT64_C(0x3fffffe9a0001), UINT64_C(0x3fffffe940001), UINT64_C(0x3fffffe620001),
		UINT64_C(0xfffffffa0001), UINT64_C(0xfffffff00001), UINT64_C(0x10000001a0001), UINT64_C(0x10000001e0001),
	},
	.p = {
		UINT64_C(0x3fffffe460001), UINT64_C(0x3fffffdd40001), UINT64_C(0x3fffffdce0001), UINT64_C(0x3fffffd900001),
		UINT64_C(0x3fffffd7a0001), UINT64_C(0x3fffffd540001), UINT64_C(0x3fffffd500001), UINT64_C(0x3fffffd2a0001),
		UINT64_C(0x3fffffcc40001),
	},
};

static Fixture *toy;

static uint64_t *
new_limbs(int limbs)
{
	uint64_t   *p = ppdl_alloc_aligned((size_t) limbs * toy->par->n * sizeof(uint64_t));

	assert_non_null(p);
	return p;
}

/* limbs in the NTT domain, number `at` over QP first, to all targets of the conversion, in the NTT domain */
static uint64_t *
convert(const PpdlKsPlan *plan, const PpdlBaseConv *conv, const uint64_t *in, int at, int count, const int *target,
		int targets)
{
	const PpdlParams *par = toy->par;
	uint64_t   *coeff = new_limbs(count),
			   *out = new_limbs(targets),
			   *loaded = ppdl_alloc_aligned(ppdl_baseconv_words(conv) * sizeof(uint64_t));

	for (int i = 0; i < count; i++)
		for (int part = 0; part < ppdl_ntt_parts(par->ring); part++)
			ppdl_intt_part(par->ring, ppdl_qp_mod(par, plan->limbs, at + i), ppdl_at(par, coeff, i),
						   ppdl_cat(par, in, i), part);
	ppdl_baseconv_load(conv, loaded, coeff, 0, ppdl_baseconv_columns(conv));
	ppdl_baseconv_targets(conv, out, loaded, 0, targets);
	for (int i = 0; i < targets; i++)
		for (int part = 0; part < ppdl_ntt_parts(par->ring); part++)
			ppdl_ntt_part(par->ring, ppdl_qp_mod(par, plan->limbs, target[i]), ppdl_at(par, out, i), part, NULL);
	ppdl_free_aligned(coeff);
	ppdl_free_aligned(loaded);
	return out;
}

/* acc += key * digit j of a, over QP */
static void
add_digit(const PpdlKsPlan *plan, const PpdlSwitchKey *key, const uint64_t *a, int j, uint64_t *acc[2])
{
	const PpdlParams *par = toy->par;
	const int	own = plan->hi[j] - plan->lo[j];
	int			target[PPDL_MAX_Q + PPDL_MAX_P],
				targets = 0;
	uint64_t   *extended,
			   *words = new_limbs(1);

	for (int t = 0; t < plan->total; t++)
		if (t < plan->lo[j] || t >= plan->hi[j])
			target[targets++] = t;
	extended = convert(plan, plan->up[j], ppdl_cat(par, a, plan->lo[j]), plan->lo[j], own, target, targets);
	for (int t = 0; t < plan->total; t++)
	{
		const int	in_key = j * (key->limbs + key->np) + (t < plan->limbs ? t : key->limbs + t - plan->limbs);
		const uint64_t *x = t >= plan->lo[j] && t < plan->hi[j] ? ppdl_cat(par, a, t) :
			ppdl_cat(par, extended, t < plan->lo[j] ? t : t - own);

		for (int h = 0; h < 2; h++)
		{
			ppdl_vec_unpack(words, ppdl_key_limb(key, h == 0 ? key->b : key->a, in_key), par->n);
			ppdl_vec_mul_add(ppdl_qp_mod(par, plan->limbs, t), ppdl_at(par, acc[h], t), x, words, par->n);
		}
	}
	ppdl_free_aligned(extended);
	ppdl_free_aligned(words);
}

/* sigma(round((acc + P*add) / D)) */
static void
divide(const PpdlKsPlan *plan, const PpdlDivisor *by, uint64_t *acc, const uint64_t *add, const uint32_t *perm,
	   uint64_t *out)
{
	const PpdlParams *par = toy->par;
	int			target[PPDL_MAX_Q];
	uint64_t   *remainder;

	for (int i = 0; i < plan->limbs && add != NULL; i++)
		ppdl_vec_mul_scalar_add(&par->ring->mod[i], ppdl_at(par, acc, i), ppdl_cat(par, add, i), plan->p_mod[i], par->n);
	for (int i = 0; i < by->first; i++)
		target[i] = i;
	remainder = convert(plan, by->conv, ppdl_cat(par, acc, by->first), by->first, plan->total - by->first, target,
						by->first);
	for (int i = 0; i < by->first; i++)
	{
		uint64_t   *limb = ppdl_at(par, acc, i);

		ppdl_vec_sub_mul_scalar(&par->ring->mod[i], limb, limb, ppdl_cat(par, remainder, i), by->inv[i], par->n);
		if (perm != NULL)
			ppdl_autom_ntt(par->ring, ppdl_at(par, out, i), limb, perm);
		else
			memcpy(ppdl_at(par, out, i), limb, par->n * sizeof(uint64_t));
	}
	ppdl_free_aligned(remainder);
}

typedef struct Switch
{
	uint32_t	id;
	const uint64_t *a,
			   *add_b,
			   *add_a;
	int			limbs,
				rescale;
	const uint32_t *perm;
} Switch;

/* the result's limbs, b then a */
static uint64_t *
straightforward(const Switch *s)
{
	const PpdlParams *par = toy->par;
	const PpdlKsPlan *plan;
	const PpdlSwitchKey *key;
	const PpdlDivisor *by;
	uint64_t   *acc[2],
			   *out;

	OK(ppdl_ks_plan(par, s->limbs, par->np, &plan, &err));
	OK(make_key(toy, par->id, s->id, s->limbs, &key, &err));
	by = s->rescale ? &plan->by_pq : &plan->by_p;
	out = new_limbs(2 * by->first);
	for (int h = 0; h < 2; h++)
	{
		acc[h] = new_limbs(plan->total);
		memset(acc[h], 0, (size_t) plan->total * par->n * sizeof(uint64_t));
	}
	for (int j = 0; j < plan->ndigits; j++)
		add_digit(plan, key, s->a, j, acc);
	for (int h = 0; h < 2; h++)
	{
		divide(plan, by, acc[h], h == 0 ? s->add_b : s->add_a, s->perm, ppdl_at(par, out, h * by->first));
		ppdl_free_aligned(acc[h]);
	}
	return out;
}

static void
check_same(const PpdlCt *got, const uint64_t *want, const char *what)
{
	const size_t words = (size_t) got->limbs * toy->par->n;

	if (memcmp(got->b, want, words * sizeof(uint64_t)) != 0 || memcmp(got->a, want + words, words * sizeof(uint64_t)) != 0)
		fail_msg("%s at %d limbs, %s kernels, %d threads", what, got->limbs, ppdl_cpu_name(ppdl_cpu()),
				 ppdl_threads_count(toy->ev.threads));
}

/* runs fn on one thread and on three with all kernels that there are */
static void
each_way(void (*fn) (void *arg), void *arg)
{
	PpdlThreads *threads = toy->ev.threads;

	for (PpdlCpu level = PPDL_CPU_SCALAR; level <= ppdl_cpu_best(); level++)
		for (int many = 0; many < 2; many++)
		{
			if (ppdl_cpu_force(level) != level)
				continue;
			toy->ev.threads = many ? threads : NULL;
			fn(arg);
		}
	ppdl_cpu_force(ppdl_cpu_best());
	toy->ev.threads = threads;
}

typedef struct Case
{
	PpdlCt		x,
				y;
	uint64_t   *rotated,
			   *product,
			   *rescaled;
} Case;

static void
check_case(void *arg)
{
	const Case *c = arg;
	PpdlEval   *ev = &toy->ev;
	PpdlHoisted hoisted;
	PpdlCt		out;

	OK(ppdl_ct_automorphism(ev, &out, &c->x, 5, &err));
	check_same(&out, c->rotated, "rotation");
	ppdl_ct_release(ev, &out);
	OK(ppdl_hoist(ev, &hoisted, &c->x, &err));
	OK(ppdl_hoisted_automorphism(ev, &out, &hoisted, 5, &err));
	check_same(&out, c->rotated, "hoisted rotation");
	ppdl_ct_release(ev, &out);
	ppdl_hoisted_release(ev, &hoisted);
	OK(ppdl_ct_mul(ev, &out, &c->x, &c->y, &err));
	check_same(&out, c->product, "product");
	ppdl_ct_release(ev, &out);
	if (c->rescaled == NULL)
		return;
	OK(ppdl_ct_mul_rescale(ev, &out, &c->x, &c->y, &err));
	check_same(&out, c->rescaled, "product and rescale");
	ppdl_ct_release(ev, &out);
}

static PpdlCt
random_ct(int limbs)
{
	PpdlCt		ct;

	OK(ppdl_ct_alloc(&toy->ev, &ct, limbs, &err));
	for (int i = 0; i < limbs; i++)
		for (size_t k = 0; k < toy->par->n; k++)
		{
			const uint64_t q = toy->par->ring->mod[i].q;

			ppdl_at(toy->par, ct.b, i)[k] = next_random(toy) % q;
			ppdl_at(toy->par, ct.a, i)[k] = next_random(toy) % q;
		}
	ct.scale = 0x1p36;
	ct.bound = 1;
	ct.noise = 10;
	return ct;
}

static void
test_switches(void **state)
{
	static const int all[] = {28, 24, 19, 10, 2, 1};
	const PpdlParams *par = toy->par;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
	{
		const int	limbs = all[i];
		Case		c = {.x = random_ct(limbs), .y = random_ct(limbs)};
		PpdlCt3		t;
		Switch		rotation = {.id = 5, .a = c.x.a, .add_b = c.x.b, .limbs = limbs, .perm = ppdl_autom_table(par->ring, 5)},
					product = {.id = PPDL_KEY_RELIN, .limbs = limbs};

		OK(ppdl_ct_tensor(&toy->ev, &t, &c.x, &c.y, &err));
		product.a = t.d;
		product.add_b = t.ct.b;
		product.add_a = t.ct.a;
		c.rotated = straightforward(&rotation);
		c.product = straightforward(&product);
		product.rescale = 1;
		c.rescaled = limbs > 1 ? straightforward(&product) : NULL;
		each_way(check_case, &c);
		ppdl_free_aligned(c.rotated);
		ppdl_free_aligned(c.product);
		ppdl_free_aligned(c.rescaled);
		ppdl_ct3_release(&toy->ev, &t);
		ppdl_ct_release(&toy->ev, &c.x);
		ppdl_ct_release(&toy->ev, &c.y);
	}
}

/* several rotations and one division */
typedef struct SumOfRotations
{
	PpdlCt		in;
	int			rotation[4],
				count;
	uint64_t   *want;
} SumOfRotations;

/* acc += sigma(P*b + kb, ka), over QP */
static void
add_rotation(const PpdlKsPlan *plan, const PpdlCt *in, int r, uint64_t *acc[2])
{
	const PpdlParams *par = toy->par;
	const uint32_t d = ppdl_galois_rotation(par->ring, r);
	const PpdlSwitchKey *key;
	uint64_t   *product[2] = {new_limbs(plan->total), new_limbs(plan->total)},
			   *rotated = new_limbs(1);

	OK(make_key(toy, par->id, d, plan->limbs, &key, &err));
	for (int h = 0; h < 2; h++)
		memset(product[h], 0, (size_t) plan->total * par->n * sizeof(uint64_t));
	for (int j = 0; j < plan->ndigits; j++)
		add_digit(plan, key, in->a, j, product);
	for (int t = 0; t < plan->limbs; t++)
		ppdl_vec_mul_scalar_add(&par->ring->mod[t], ppdl_at(par, product[0], t), ppdl_cat(par, in->b, t),
								plan->p_mod[t], par->n);
	for (int h = 0; h < 2; h++)
	{
		for (int t = 0; t < plan->total; t++)
		{
			uint64_t   *to = ppdl_at(par, acc[h], t);

			ppdl_autom_ntt(par->ring, rotated, ppdl_at(par, product[h], t), ppdl_autom_table(par->ring, d));
			ppdl_vec_add(ppdl_qp_mod(par, plan->limbs, t), to, to, rotated, par->n);
		}
		ppdl_free_aligned(product[h]);
	}
	ppdl_free_aligned(rotated);
}

static uint64_t *
rotations_in_turn(const SumOfRotations *s)
{
	const PpdlKsPlan *plan;
	uint64_t   *acc[2],
			   *out = new_limbs(2 * s->in.limbs);
	int			self = 0;

	OK(ppdl_ks_plan(toy->par, s->in.limbs, toy->par->np, &plan, &err));
	for (int h = 0; h < 2; h++)
	{
		acc[h] = new_limbs(plan->total);
		memset(acc[h], 0, (size_t) plan->total * toy->par->n * sizeof(uint64_t));
	}
	for (int i = 0; i < s->count; i++)
	{
		if (s->rotation[i] != 0)
			add_rotation(plan, &s->in, s->rotation[i], acc);
		else
			self = 1;
	}
	for (int h = 0; h < 2; h++)
	{
		divide(plan, &plan->by_p, acc[h], self ? (h == 0 ? s->in.b : s->in.a) : NULL, NULL,
			   ppdl_at(toy->par, out, h * s->in.limbs));
		ppdl_free_aligned(acc[h]);
	}
	return out;
}

static void
check_rotations(void *arg)
{
	const SumOfRotations *s = arg;
	PpdlCt		ct;

	OK(ppdl_ct_copy(&toy->ev, &ct, &s->in, s->in.limbs, &err));
	OK(ppdl_ct_sum_rotations(&toy->ev, &ct, s->rotation, s->count, &err));
	check_same(&ct, s->want, "sum of rotations");
	ppdl_ct_release(&toy->ev, &ct);
}

static void
test_rotations(void **state)
{
	static const int all[] = {28, 20, 10, 2, 1};
	SumOfRotations sum[] = {{.rotation = {0, 1, 2, 3}, .count = 4}, {.rotation = {-5, 5}, .count = 2}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t k = 0; k < sizeof(sum) / sizeof(sum[0]); k++)
		{
			sum[k].in = random_ct(all[i]);
			sum[k].want = rotations_in_turn(&sum[k]);
			each_way(check_rotations, &sum[k]);
			ppdl_free_aligned(sum[k].want);
			ppdl_ct_release(&toy->ev, &sum[k].in);
		}
}

typedef struct Transform
{
	const PpdlLinTrans *lt[2];
	PpdlCt		in;
	uint64_t   *want[2];		/* what the first way gave */
} Transform;

static void
check_transform(void *arg)
{
	Transform  *tr = arg;
	PpdlCt		out[2];

	OK(ppdl_lintrans_apply_rescale(&toy->ev, out, tr->lt, 2, &tr->in, &err));
	for (int i = 0; i < 2; i++)
	{
		const size_t words = (size_t) out[i].limbs * toy->par->n;

		if (tr->want[i] == NULL)
		{
			tr->want[i] = new_limbs(2 * out[i].limbs);
			memcpy(tr->want[i], out[i].b, words * sizeof(uint64_t));
			memcpy(tr->want[i] + words, out[i].a, words * sizeof(uint64_t));
		}
		check_same(&out[i], tr->want[i], "linear transform");
		ppdl_ct_release(&toy->ev, &out[i]);
	}
}

/*
 * a dense transform and one of few diagonals whose entries come in runs, with giant steps from a rotated input: scalar
 * kernels and others, threads and none
 */
static void
test_transforms(void **state)
{
	const PpdlParams *par = toy->par;
	const size_t period[2] = {par->slots, 32};
	Transform	tr = {.in = random_ct(20)};
	PpdlLinTrans *lt[2];

	for (int i = 0; i < 2; i++)
	{
		PpdlMatrix *m;

		OK(ppdl_matrix_create(&m, period[i], &err));
		for (int d = 0; d < 12; d++)
		{
			double complex *diag = ppdl_matrix_diag(m, d);

			for (size_t k = 0; k < period[i]; k++)
				diag[k] = CMPLX(next_real(toy), next_real(toy));
		}
		OK(ppdl_lintrans_create(&lt[i], par, m, &(PpdlLinTransForm) {20, 0x1p36, 4, i, 8}, NULL, NULL, &err));
		tr.lt[i] = lt[i];
		ppdl_matrix_destroy(m);
	}
	each_way(check_transform, &tr);
	for (int i = 0; i < 2; i++)
	{
		ppdl_free_aligned(tr.want[i]);
		ppdl_lintrans_destroy(lt[i]);
	}
	ppdl_ct_release(&toy->ev, &tr.in);
}

/* a product twice, another one, two multiples and a constant: by number */
typedef struct SumCase
{
	PpdlCt		x,
				y,
				z;
	uint64_t   *want[3];		/* b, a and d */
} SumCase;

static const double complex sum_factor[2] = {CMPLX(0.75, -1.5), CMPLX(-3, 0)},
			sum_constant = CMPLX(0.25, 2);

/* c * 2^36 as a residue at entry k: i is psi^(N/2) or its negative */
static uint64_t
gaussian(const PpdlModulus *m, double complex c, int bits, size_t k)
{
	const uint64_t i = ppdl_mod_pow(m, m->psi, toy->par->n / 2),
				re = ppdl_mod_from_i128(m, (__int128) ldexp(creal(c), bits)),
				im = ppdl_mod_mul(m, ppdl_mod_from_i128(m, (__int128) ldexp(cimag(c), bits)), i);

	return k < toy->par->n / 2 ? ppdl_mod_add(m, re, im) : ppdl_mod_sub(m, re, im);
}

static void
check_sum(void *arg)
{
	const SumCase *c = arg;
	PpdlEval   *ev = &toy->ev;
	const PpdlCt *const term[2] = {&c->x, &c->z};
	const PpdlCtSum sum = {
		.x = &c->x, .y = &c->y, .factor = 2, .term = term, .c = sum_factor, .terms = 2, .constant = sum_constant,
		.limbs = c->x.limbs
	};
	PpdlCt3		t = {0};

	OK(ppdl_ct3_sum(ev, &t, &sum, &err));
	OK(ppdl_ct3_add_product(ev, &t, &c->y, &c->z, &err));
	assert_int_equal(t.ct.limbs, c->z.limbs);
	assert_true(t.ct.scale == 0x1p72);
	assert_memory_equal(t.ct.b, c->want[0], (size_t) t.ct.limbs * toy->par->n * sizeof(uint64_t));
	assert_memory_equal(t.ct.a, c->want[1], (size_t) t.ct.limbs * toy->par->n * sizeof(uint64_t));
	assert_memory_equal(t.d, c->want[2], (size_t) t.ct.limbs * toy->par->n * sizeof(uint64_t));
	assert_true(fabs(t.ct.bound - (2 + cabs(sum_factor[0]) + 3 + cabs(sum_constant) + 1)) < 1e-9);
	ppdl_ct3_release(ev, &t);
}

static void
test_sums(void **state)
{
	const PpdlParams *par = toy->par;
	SumCase		c = {.x = random_ct(9), .y = random_ct(9), .z = random_ct(7)};

	for (int h = 0; h < 3; h++)
		c.want[h] = new_limbs(c.z.limbs);
	for (int i = 0; i < c.z.limbs; i++)
		for (size_t k = 0; k < par->n; k++)
		{
			const PpdlModulus *m = &par->ring->mod[i];
			const size_t at = (size_t) i * par->n + k;
			const uint64_t x[2] = {c.x.b[at], c.x.a[at]},
						y[2] = {c.y.b[at], c.y.a[at]},
						z[2] = {c.z.b[at], c.z.a[at]};

			for (int h = 0; h < 3; h++)
			{
				uint64_t	sum = h == 0 ? gaussian(m, sum_constant, 72, k) : 0;

				for (int j = 0; j < 2; j++)
					if (h - j == 0 || h - j == 1)
					{
						const uint64_t xy = ppdl_mod_mul(m, x[j], y[h - j]);

						sum = ppdl_mod_add(m, sum, ppdl_mod_add(m, xy, xy));
						sum = ppdl_mod_add(m, sum, ppdl_mod_mul(m, y[j], z[h - j]));
					}
				if (h < 2)
				{
					sum = ppdl_mod_add(m, sum, ppdl_mod_mul(m, x[h], gaussian(m, sum_factor[0], 36, k)));
					sum = ppdl_mod_add(m, sum, ppdl_mod_mul(m, z[h], gaussian(m, sum_factor[1], 36, k)));
				}
				c.want[h][at] = sum;
			}
		}
	each_way(check_sum, &c);
	for (int h = 0; h < 3; h++)
		ppdl_free_aligned(c.want[h]);
	ppdl_ct_release(&toy->ev, &c.x);
	ppdl_ct_release(&toy->ev, &c.y);
	ppdl_ct_release(&toy->ev, &c.z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_rotations),
		cmocka_unit_test(test_transforms),
		cmocka_unit_test(test_sums),
	};
	int			failed;

	toy = fixture_new(&toy11, 0, 3);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	return failed;
}
