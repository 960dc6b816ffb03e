/* Stated errors against true ones, on both sides: many random networks, on slots of a ring of insecure degree. */
#include "ckks_fixture.h"

#include "predict/predictor_impl.h"
#include "random_nets.h"
#include "toy_deep.h"

#define NETS 220

static Fixture *ring[2];
static PpdlPrng rng;

/* the deep ring's moduli as far as lifted rows use them, three special primes */
static Fixture *
new_ring(int logn)
{
	const PpdlParams *deep;
	PpdlParamsLiteral lit;

	OK(ppdl_params_get(PPDL_RING_DEEP, &deep, &err));
	lit = toy_deep(deep, logn);
	lit.nq = PPDL_LIFTED_LIMBS;
	lit.np = 3;
	return fixture_new(&lit, PPDL_RING_CUSTOM, 1);
}

static int
set_up(void **state)
{
	ppdl_prng_init(&rng, nets_seed(), 0);
	ring[0] = new_ring(11);
	ring[1] = new_ring(12);
	return 0;
}

static int
tear_down(void **state)
{
	fixture_free(ring[0]);
	fixture_free(ring[1]);
	return 0;
}

/* rows as they are after lifting: x_f + i*x_(f+half) in slot bitrev(f) */
static PpdlCt
encrypt_rows(Fixture *f, const PpdlPredictor *p, const double *x, size_t rows)
{
	const int	bits = ppdl_log2_width(p->half);
	double complex *z = new_slots(f);
	PpdlCt		ct;

	for (size_t r = 0; r < rows; r++)
		for (int i = 0; i < p->width; i++)
			z[r * (size_t) p->slots + ppdl_bitrev((uint32_t) (i % p->half),
												  bits)] += i < p->half ? x[r * (size_t) p->width + (size_t) i] : I * x[r * (size_t) p->width + (size_t) i];
	ct = encrypt(f, z, p->in_scale, p->limbs);
	free(z);
	return ct;
}

/* rows of a network through it; 0: it was refused */
static int
try_net(Fixture *f, const PpdlNet *net, Tally *t, const char *what)
{
	NetErrors	errors = {.outputs = ppdl_net_outputs(net)};
	PpdlPredictor *p;
	PpdlStatus	status = ppdl_predictor_create_lifted(&p, &f->ev, net, net->inputs, &err);
	double	   *x,
			   *want = malloc(sizeof(double) * (size_t) errors.outputs),
			   *got = malloc(sizeof(double) * (size_t) errors.outputs),
				estimate;
	size_t		rows;
	PpdlCt		ct;

	if (status != PPDL_OK)
	{
		if (status != PPDL_ERR_RANGE && status != PPDL_ERR_LEVEL)
			fail_msg("%s: %s", ppdl_status_name(status), err.message);
		free(want);
		free(got);
		return 0;
	}
	rows = f->par->slots / (size_t) p->slots;
	x = malloc(sizeof(double) * rows * (size_t) p->width);
	for (size_t r = 0; r < rows; r++)
		random_row(&rng, net, x + r * (size_t) p->width, (RowKind) (r % ROW_KINDS));
	ct = encrypt_rows(f, p, x, rows);
	OK(ppdl_predictor_stages(p, &f->ev, &ct, 1, &err));
	OK(ppdl_decrypt_slots(&f->ev, &ct, f->sk, f->z, &err));
	estimate = ct.noise * sqrt((double) f->par->n) / ct.scale;
	for (size_t r = 0; r < rows; r++)
	{
		OK(ppdl_net_predict(net, x + r * (size_t) p->width, want, &err));
		for (int j = 0; j < errors.outputs; j++)
		{
			got[j] = creal(f->z[r * (size_t) p->slots + (size_t) j]);
			assert_true(fabs(want[j]) <= ct.bound * (1 + 1e-9));
		}
		net_errors_add(&errors, (RowKind) (r % ROW_KINDS), got, want);
	}
	tally_add(t, errors.worst, net_errors_rms(&errors), estimate);
	if (getenv("PPDL_TEST_VERBOSE") != NULL || t->sigma[t->count - 1] > 6 || t->slack[t->count - 1] > 3)
	{
		printf("%-20s", what);
		for (int l = 0; l < net->nlayers; l++)
			printf(" %d,%s%d", net->layer[l].inputs, net->layer[l].act.name, net->layer[l].act.degree);
		printf(",%d  %zu rows: %.1f sigma, %.1f bits above\n", errors.outputs, rows, t->sigma[t->count - 1],
			   t->slack[t->count - 1]);
	}
	ppdl_ct_release(&f->ev, &ct);
	ppdl_predictor_destroy(p);
	free(x);
	free(want);
	free(got);
	return 1;
}

static void
networks(void **state)
{
	static Tally t,
				kinds[NET_KINDS];
	int			refused = 0;

	for (int i = 0; i < NETS; i++)
	{
		const NetKind kind = (NetKind) (i % NET_KINDS);
		const int	wide = i % 20 < 2,
					width = (int) lround(exp(between(&rng, log(wide ? 65 : 2), log(wide ? 1024 : 64)))),
					slots = 1 << (ppdl_log2_width(width) - 1);
		/* drawn one after the other: compilers differ in which argument they draw first */
		const int	depth = pick(&rng, 2, 4),
					outputs = pick(&rng, 1, slots < 4 ? slots : 4);
		PpdlNet    *net;

		OK(random_net(&net, &rng, kind, width, wide ? 4 : 12, outputs, depth, 15, &err));
		if (try_net(ring[wide], net, &t, net_kind_name(kind)))
			tally_add(&kinds[kind], t.sigma[t.count - 1], 1, exp2(t.slack[t.count - 1]));
		else
			refused++;
		ppdl_net_destroy(net);
	}
	printf("%d networks, %d more refused\n", t.count, refused);
	for (int k = 0; k < NET_KINDS; k++)
		printf("%-20s %3d, median %.1f bits above\n", net_kind_name(k), kinds[k].count,
			   tally_quantile(kinds[k].slack, kinds[k].count, 0.5));
	tally_print(&t, stdout);
	assert_true(refused < NETS / 4);
	assert_true(tally_quantile(t.sigma, t.count, 1) <= 6);
	assert_true(tally_quantile(t.slack, t.count, 0.9) <= 3);
	assert_true(tally_quantile(t.slack, t.count, 0.5) <= 2);
}

/*
 * plus^2 - minus^2 of forms that are nearly alike: errors of the real parts cancel, those of the imaginary parts, which
 * real outputs seem to have nothing of, do not.  It was 13 deviations off.
 */
static void
imaginary_errors(void **state)
{
	static const char *const json = "{\"inputs\":7,\"layers\":[{\"units\":2,\"activation\":\"square\"},{\"units\":2,\"activation\":\"quadratic\"},"
		"{\"units\":2,\"activation\":\"quadratic\"},{\"units\":1}]}";
	static const double w[] = {
		0.1646, 0.5771, -0.6088, 0.6707, 0.7474, 0.4354, -0.0149, -0.1552, 0.1976, -0.6887, 0.7310, -0.6664, -0.1151, 0.1618, 0.1916, 0.2057,
		0.3926, 0.3875, 0.3908, 0.3854, 0.0888, -0.0593,
		0.2679, 0.3411, -0.1886, -0.3979, -0.0698, 0.0143,
	-0.2416, 0.3306, 0.0723};
	static Tally t;
	PpdlNet    *net;

	OK(ppdl_net_parse(&net, json, &err));
	OK(ppdl_net_set_weights(net, w, (int) (sizeof(w) / sizeof(w[0])), &err));
	for (int i = 0; i < 4; i++)
		assert_true(try_net(ring[0], net, &t, "imaginary errors"));
	ppdl_net_destroy(net);
	tally_print(&t, stdout);
	assert_true(tally_quantile(t.sigma, t.count, 1) <= 6);
	assert_true(tally_quantile(t.slack, t.count, 0.5) <= 3);
}

/*
 * one slot a row and many units, whose errors are all multiplied by what the secret has in that slot: over rows they
 * are of Laplace's distribution, which goes beyond 6 deviations once in 5,000, so more than the deviation has to be
 * stated
 */
static void
one_slot(void **state)
{
	static Tally t;

	for (int i = 0; i < 12; i++)
	{
		PpdlNet    *net;

		OK(random_net(&net, &rng, i % 2 ? NET_SQUARE : NET_FIT, 2, 16, 1, 1, 7, &err));
		try_net(ring[1], net, &t, "one slot");
		ppdl_net_destroy(net);
	}
	tally_print(&t, stdout);
	assert_true(tally_quantile(t.sigma, t.count, 1) <= 6);
	assert_true(tally_quantile(t.slack, t.count, 0.25) >= 1.1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imaginary_errors),
		cmocka_unit_test(one_slot),
		cmocka_unit_test(networks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
