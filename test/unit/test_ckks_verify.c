/*
 * Each property of a ciphertext and a plaintext, broken alone, is refused; entries refuse it in builds with assertions.
 */
#include "ckks_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ckks/verify.h"
#include "ckks/wire.h"

#define SCALE 0x1p30
#define LIMBS 3

static Fixture *toy;
static double complex *z;

static PpdlPt
plaintext(void)
{
	PpdlPt		pt;

	OK(ppdl_pt_alloc(&toy->ev, &pt, LIMBS, &err));
	OK(ppdl_encode_slots(toy->par, &pt, z, toy->par->slots, SCALE, LIMBS, &err));
	return pt;
}

static void
refused(PpdlStatus status, const char *what, const char *says)
{
	if (status != PPDL_ERR_INTERNAL || strstr(err.message, says) == NULL)
		fail_msg("%s: %s: %s", what, ppdl_status_name(status), status == PPDL_OK ? "" : err.message);
}

/* sets a member to a value, looks, and puts the old one back */
#define BROKEN(verify, object, member, value, says) \
	do { \
		__typeof__((object)->member) kept = (object)->member; \
		(object)->member = (value); \
		refused(verify(object, &err), #member " = " #value, says); \
		(object)->member = kept; \
		OK(verify(object, &err)); \
	} while (0)

#define BROKEN_ESTIMATE(verify, object, member) \
	do { \
		BROKEN(verify, object, member, NAN, "not a number from"); \
		BROKEN(verify, object, member, INFINITY, "not a number from"); \
		BROKEN(verify, object, member, -1, "not a number from"); \
		BROKEN(verify, object, member, 0x1.00001p1020, "not a number from"); \
	} while (0)

#define BROKEN_HEAD(verify, object) \
	do { \
		BROKEN(verify, object, par, NULL, "no parameters"); \
		BROKEN(verify, object, domain, 0, "domain"); \
		BROKEN(verify, object, domain, PPDL_DOMAIN_COEFFS, "domain"); \
		BROKEN(verify, object, limbs, 0, "limbs"); \
		BROKEN(verify, object, limbs, -1, "limbs"); \
		BROKEN(verify, object, limbs, toy->par->nq + 1, "limbs"); \
		BROKEN_ESTIMATE(verify, object, scale); \
		BROKEN(verify, object, scale, 0, "scale"); \
		BROKEN(verify, object, scale, 0x1.ffffp-1021, "scale"); \
		BROKEN_ESTIMATE(verify, object, bound); \
	} while (0)

/* residues at the ends and at a random place of each limb; those of limbs that were dropped do not count */
#define BROKEN_RESIDUES(verify, object, half) \
	do { \
		BROKEN(verify, object, half, NULL, "no residues"); \
		for (int l = 0; l < LIMBS; l++) \
		{ \
			uint64_t   *limb = ppdl_limb(toy->par->ring, (object)->half, l); \
			size_t		place[3] = {0, toy->par->n - 1, next_random(toy) % toy->par->n}; \
			\
			for (int i = 0; i < 3; i++) \
			{ \
				uint64_t	was = limb[place[i]]; \
				\
				limb[place[i]] = toy->par->ring->mod[l].q; \
				refused(verify(object, &err), #half, "below their prime"); \
				limb[place[i]] = UINT64_MAX; \
				refused(verify(object, &err), #half, "1 residues of limb"); \
				limb[place[i]] = toy->par->ring->mod[l].q - 1; \
				OK(verify(object, &err)); \
				limb[place[i]] = was; \
			} \
		} \
	} while (0)

static void
test_ciphertext(void **state)
{
	PpdlCt		ct = encrypt(toy, z, SCALE, LIMBS);

	OK(ppdl_ct_verify(&ct, &err));
	refused(ppdl_ct_verify(NULL, &err), "NULL", "no ciphertext");
	BROKEN_HEAD(ppdl_ct_verify, &ct);
	BROKEN_ESTIMATE(ppdl_ct_verify, &ct, noise);
	BROKEN_RESIDUES(ppdl_ct_verify, &ct, b);
	BROKEN_RESIDUES(ppdl_ct_verify, &ct, a);
	ppdl_limb(toy->par->ring, ct.a, LIMBS - 1)[7] = UINT64_MAX;
	ppdl_ct_drop(&ct, LIMBS - 1);
	OK(ppdl_ct_verify(&ct, &err));
	ct.noise = ct.bound = 0;
	OK(ppdl_ct_verify(&ct, &err));
	ppdl_ct_release(&toy->ev, &ct);
	refused(ppdl_ct_verify(&ct, &err), "released", "no residues");
}

static void
test_product(void **state)
{
	PpdlCt		x = encrypt(toy, z, SCALE, LIMBS);
	PpdlCt3		t;

	OK(ppdl_ct_tensor(&toy->ev, &t, &x, &x, &err));
	OK(ppdl_ct3_verify(&t, &err));
	refused(ppdl_ct3_verify(NULL, &err), "NULL", "no ciphertext");
	BROKEN(ppdl_ct3_verify, &t, ct.limbs, 0, "limbs");
	BROKEN_RESIDUES(ppdl_ct3_verify, &t, d);
	BROKEN_RESIDUES(ppdl_ct3_verify, &t, ct.a);
	ppdl_ct3_release(&toy->ev, &t);
	ppdl_ct_release(&toy->ev, &x);
}

static void
test_plaintext(void **state)
{
	PpdlPt		pt = plaintext();

	OK(ppdl_pt_verify(&pt, &err));
	refused(ppdl_pt_verify(NULL, &err), "NULL", "no plaintext");
	BROKEN_HEAD(ppdl_pt_verify, &pt);
	BROKEN_RESIDUES(ppdl_pt_verify, &pt, p);
	ppdl_pt_release(&toy->ev, &pt);
}

/* estimates that leave their ranges are an error of the operation, in every build: bytes can bring large ones */
static void
test_results(void **state)
{
	PpdlCt		x = encrypt(toy, z, SCALE, LIMBS),
				y;
	PpdlCt3		t;
	PpdlPt		pt = plaintext();

	x.noise = 0x1p990;
	assert_int_equal(ppdl_ct_tensor(&toy->ev, &t, &x, &x, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "noise"));
	assert_null(t.ct.b);
	OK(ppdl_ct_copy(&toy->ev, &y, &x, LIMBS, &err));
	assert_int_equal(ppdl_ct_mul_int(&toy->ev, &y, 1 << 20, &err), PPDL_ERR_RANGE);
	ppdl_ct_release(&toy->ev, &y);
	OK(ppdl_ct_copy(&toy->ev, &y, &x, LIMBS, &err));
	assert_int_equal(ppdl_ct_mul_const(&toy->ev, &y, 1, 0, 0x1p20, &err), PPDL_ERR_RANGE);
	ppdl_ct_release(&toy->ev, &y);
	OK(ppdl_ct_copy(&toy->ev, &y, &x, LIMBS, &err));
	assert_int_equal(ppdl_ct_mul_plain(&toy->ev, &y, &pt, &err), PPDL_ERR_RANGE);
	ppdl_ct_release(&toy->ev, &y);
	OK(ppdl_ct_copy(&toy->ev, &y, &x, LIMBS, &err));
	x.noise = y.noise = 0;
	x.bound = y.bound = 0x1p1000;
	assert_int_equal(ppdl_ct_add(&toy->ev, &y, &x, &err), PPDL_ERR_RANGE);
	/* what a caller has doubled by hand is refused by the next operation, not by the verify routine */
	OK(ppdl_ct_verify(&y, &err));
	x.bound = 1;
	x.scale = 0x1p-990;
	assert_int_equal(ppdl_ct_rescale(&toy->ev, &x, &err), PPDL_ERR_RANGE);
	ppdl_ct_release(&toy->ev, &x);
	ppdl_ct_release(&toy->ev, &y);
	ppdl_pt_release(&toy->ev, &pt);
}

#ifdef PPDL_DEBUG

/* does f(arg) abort? */
static int
aborts(void (*f) (void *arg), void *arg)
{
	int			status;
	pid_t		pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
	{
		int			null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		signal(SIGABRT, SIG_DFL);
		f(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

typedef struct Given
{
	PpdlCt		good,
				bad,
				out[2];
	PpdlCt3		bad3;
	PpdlPt		pt,
				bad_pt;
	PpdlHoisted hoisted;
	double	   *coeffs;
} Given;

#define ENTRY(name, expr) \
	static void name(void *arg) \
	{ \
		Given	   *g = arg; \
		\
		expr; \
	}

ENTRY(entry_copy, ppdl_ct_copy(&toy->ev, g->out, &g->bad, 1, NULL))
ENTRY(entry_add, ppdl_ct_add(&toy->ev, &g->good, &g->bad, NULL))
ENTRY(entry_sub, ppdl_ct_sub(&toy->ev, &g->bad, &g->good, NULL))
ENTRY(entry_neg, ppdl_ct_neg(&toy->ev, &g->bad))
ENTRY(entry_add_plain, ppdl_ct_add_plain(&toy->ev, &g->good, &g->bad_pt, NULL))
ENTRY(entry_add_const, ppdl_ct_add_const(&toy->ev, &g->bad, 1, 0, NULL))
ENTRY(entry_mul_int, ppdl_ct_mul_int(&toy->ev, &g->bad, 3, NULL))
ENTRY(entry_mul_const, ppdl_ct_mul_const(&toy->ev, &g->bad, 1, 0, 2, NULL))
ENTRY(entry_add_multiple, ppdl_ct_add_multiple(&toy->ev, &g->good, &g->bad, 1, 0, NULL))
ENTRY(entry_monomial, ppdl_ct_mul_monomial(&toy->ev, &g->bad, 3))
ENTRY(entry_mul_plain, ppdl_ct_mul_plain(&toy->ev, &g->bad, &g->pt, NULL))
ENTRY(entry_tensor, ppdl_ct_mul(&toy->ev, g->out, &g->good, &g->bad, NULL))
ENTRY(entry_add_product, ppdl_ct3_add_product(&toy->ev, &g->bad3, &g->good, &g->good, NULL))
ENTRY(entry_add3, ppdl_ct3_add(&toy->ev, &g->bad3, &g->bad3, NULL))
ENTRY(entry_mul_plain3, ppdl_ct3_mul_plain(&toy->ev, &g->bad3, &g->pt, NULL))
ENTRY(entry_relinearize, ppdl_ct_relinearize(&toy->ev, g->out, &g->bad3, NULL))
ENTRY(entry_rescale, ppdl_ct_rescale(&toy->ev, &g->bad, NULL))
ENTRY(entry_match, ppdl_ct_match(&toy->ev, &g->bad, 1, SCALE, NULL))
ENTRY(entry_rotate, ppdl_ct_rotate(&toy->ev, g->out, &g->bad, 1, NULL))
ENTRY(entry_conjugate, ppdl_ct_conjugate(&toy->ev, g->out, &g->bad, NULL))
ENTRY(entry_split, ppdl_ct_split(&toy->ev, &g->out[0], &g->out[1], &g->bad, NULL))
ENTRY(entry_hoist, ppdl_hoist(&toy->ev, &g->hoisted, &g->bad, NULL))
ENTRY(entry_hoisted, g->hoisted.in = &g->bad; ppdl_hoisted_rotate(&toy->ev, g->out, &g->hoisted, 1, NULL))
ENTRY(entry_encrypt, ppdl_encrypt_secret(&toy->ev, g->out, &g->bad_pt, toy->sk, toy->rng, NULL))
ENTRY(entry_decrypt, ppdl_decrypt_coeffs(&toy->ev, &g->bad, toy->sk, g->coeffs, NULL))
ENTRY(entry_decrypt_good, ppdl_decrypt_coeffs(&toy->ev, &g->good, toy->sk, g->coeffs, NULL))

static void
entry_wire(void *arg)
{
	Given	   *g = arg;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	ppdl_wire_put_limbs(&w, toy->par, g->bad.b, 0, LIMBS);
}

static void
test_entries(void **state)
{
	static const struct
	{
		const char *name;
		void		(*f) (void *arg);
	}			entry[] = {
		{"copy", entry_copy}, {"add", entry_add}, {"sub", entry_sub}, {"neg", entry_neg},
		{"add_plain", entry_add_plain}, {"add_const", entry_add_const}, {"mul_int", entry_mul_int},
		{"mul_const", entry_mul_const}, {"add_multiple", entry_add_multiple}, {"mul_monomial", entry_monomial},
		{"mul_plain", entry_mul_plain}, {"tensor", entry_tensor}, {"ct3_add", entry_add3},
		{"ct3_add_product", entry_add_product},
		{"ct3_mul_plain", entry_mul_plain3}, {"relinearize", entry_relinearize}, {"rescale", entry_rescale},
		{"match", entry_match}, {"rotate", entry_rotate}, {"conjugate", entry_conjugate}, {"split", entry_split},
		{"hoist", entry_hoist}, {"hoisted_rotate", entry_hoisted}, {"encrypt", entry_encrypt},
		{"decrypt", entry_decrypt}, {"wire", entry_wire},
	};
	Given		g = {.good = encrypt(toy, z, SCALE, LIMBS), .bad = encrypt(toy, z, SCALE, LIMBS), .pt = plaintext(),
	.bad_pt = plaintext()};

	g.coeffs = malloc(sizeof(double) * toy->par->n);
	assert_non_null(g.coeffs);
	OK(ppdl_ct_tensor(&toy->ev, &g.bad3, &g.good, &g.good, &err));
	OK(ppdl_hoist(&toy->ev, &g.hoisted, &g.good, &err));
	g.bad.b[3] = toy->par->ring->mod[0].q;
	g.bad_pt.p[3] = toy->par->ring->mod[0].q;
	g.bad3.d[3] = toy->par->ring->mod[0].q;
	for (size_t i = 0; i < sizeof(entry) / sizeof(entry[0]); i++)
		if (!aborts(entry[i].f, &g))
			fail_msg("%s takes what is no ciphertext", entry[i].name);
	assert_false(aborts(entry_decrypt_good, &g));
	g.bad3.d[3] = 0;
	ppdl_hoisted_release(&toy->ev, &g.hoisted);
	ppdl_ct3_release(&toy->ev, &g.bad3);
	ppdl_pt_release(&toy->ev, &g.pt);
	ppdl_pt_release(&toy->ev, &g.bad_pt);
	ppdl_ct_release(&toy->ev, &g.good);
	ppdl_ct_release(&toy->ev, &g.bad);
	free(g.coeffs);
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ciphertext),
		cmocka_unit_test(test_product),
		cmocka_unit_test(test_plaintext),
		cmocka_unit_test(test_results),
#ifdef PPDL_DEBUG
		cmocka_unit_test(test_entries),
#endif
	};
	int			failed;

	toy = fixture_new(&toy8, 0, 1);
	z = random_slots(toy, 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(z);
	fixture_free(toy);
	return failed;
}
