/*
 * Every rotation that linear transforms take at the parameters as they are has a key, for enough limbs, among those that
 * owners publish.  Nothing is encoded or run: creation is led here (--wrap, Makefile), and asks the key plan.
 */
#include "ckks_fixture.h"

#include "ckks/boot.h"
#include "net/net.h"
#include "predict/packed_slots.h"
#include "predict/predictor.h"
#include "random_nets.h"
#include "rows/keyplan.h"

#define MOST_ROTATIONS 4096

static int	transforms,
			sources;

PpdlStatus	__real_ppdl_lintrans_create(PpdlLinTrans **out, const PpdlParams *par, const PpdlMatrix *m,
										const PpdlLinTransForm *form, PpdlThreads *threads, const PpdlPoll *poll,
										PpdlError *e);
PpdlStatus	__wrap_ppdl_lintrans_create(PpdlLinTrans **out, const PpdlParams *par, const PpdlMatrix *m,
										const PpdlLinTransForm *form, PpdlThreads *threads, const PpdlPoll *poll,
										PpdlError *e);

static int
is_published(const PpdlParams *par, int rotation, int limbs)
{
	static PpdlKeyNeed need[2][PPDL_MAX_KEY_NEEDS];
	static int	count[2];
	const int	deep = par->id == PPDL_RING_DEEP;
	const uint32_t id = ppdl_galois_rotation(par->ring, rotation);

	if (count[deep] == 0)
		count[deep] = ppdl_keyplan(deep ? PPDL_USE_TRAIN : PPDL_USE_PREDICT, need[deep], &err);
	for (int i = 0; i < count[deep]; i++)
		if (need[deep][i].ring == par->id && need[deep][i].id == id && need[deep][i].limbs >= limbs)
			return 1;
	return 0;
}

/* checks the transform, makes a small one in its place */
PpdlStatus
__wrap_ppdl_lintrans_create(PpdlLinTrans **out, const PpdlParams *par, const PpdlMatrix *m,
							const PpdlLinTransForm *form, PpdlThreads *threads, const PpdlPoll *poll, PpdlError *e)
{
	static int	rotation[MOST_ROTATIONS];
	const int	count = ppdl_matrix_rotations(m, par->slots, form, rotation, MOST_ROTATIONS);
	PpdlLinTransForm small = {.limbs = 1, .pt_scale = 0x1p30};
	PpdlMatrix *one;
	PpdlStatus	status;

	assert_true(count <= MOST_ROTATIONS);
	assert_true(count > 0 || m->count == 1);
	for (int i = 0; i < count; i++)
		if (!is_published(par, rotation[i], form->limbs))
			fail_msg("no key for rotation by %d at %d limbs (period %zu, %d diagonals, source %d)", rotation[i],
					 form->limbs, m->period, m->count, form->source);
	transforms++;
	sources += form->source > 0;
	OK(ppdl_matrix_create(&one, 1, &err));
	ppdl_matrix_diag(one, 0)[0] = 1;
	status = __real_ppdl_lintrans_create(out, par, one, &small, threads, poll, e);
	ppdl_matrix_destroy(one);
	return status;
}

static void
test_bootstraps(void **state)
{
	Fixture    *f = fixture_new(NULL, PPDL_RING_DEEP, 1);
	PpdlHalfBoot *half;

	sources = 0;
	OK(ppdl_halfboot_create(&half, &f->ev, &err));
	assert_int_equal(sources, 3);
	ppdl_halfboot_destroy(half);
	for (size_t period = 16; period <= 8192; period *= 2)
		for (int count = 1; count <= 2; count++)
		{
			PpdlSparseBoot *sparse;

			sources = 0;
			OK(ppdl_sparseboot_create(&sparse, &f->ev, period, count, 0x1p40, &err));
			print_message("period %zu, %d: %d sources\n", period, count, sources);
			assert_true(sources > 0);
			ppdl_sparseboot_destroy(sparse);
		}
	fixture_free(f);
}

static void
test_packed_slots(void **state)
{
	for (int left = 1; left <= PPDL_ROW_C2S_LIMBS - PPDL_ROW_C2S_LEVELS; left++)
	{
		const PpdlPackedSlotsForm form = {.in_scale = 0x1p37, .scale = 0x1p37, .left = left};
		PpdlPackedSlots *slots;

		sources = 0;
		OK(ppdl_packed_slots_create(&slots, &form, NULL, NULL, &err));
		assert_int_equal(sources, 2);
		ppdl_packed_slots_destroy(slots);
	}
}

static void
one_predictor(Fixture *deep, PpdlPrng *rng, NetKind kind, int width, int zero)
{
	PpdlPredictor *p;
	PpdlNet    *net;

	OK(random_net(&net, rng, kind, width, width < 8 ? 1 : 4, 1, 2, 3, &err));
	if (zero)
	{
		const int	count = ppdl_net_weight_count(net);
		double	   *w = calloc((size_t) count, sizeof(double));

		OK(ppdl_net_set_weights(net, w, count, &err));
		free(w);
	}
	transforms = 0;
	OK(ppdl_predictor_create(&p, net, width, 0x1p40, NULL, NULL, &err));
	ppdl_predictor_destroy(p);
	OK(ppdl_predictor_create_lifted(&p, &deep->ev, net, width, &err));
	ppdl_predictor_destroy(p);
	assert_true(transforms > 3);
	ppdl_net_destroy(net);
}

/* every width of rows, networks of several kinds, weights that are all zero */
static void
test_predictors(void **state)
{
	Fixture    *deep = fixture_new(NULL, PPDL_RING_DEEP, 1);
	PpdlPrng	rng;

	ppdl_prng_init(&rng, 3, 0);
	for (int width = 2; width <= PPDL_PREDICT_MAX_WIDTH; width *= 2)
	{
		one_predictor(deep, &rng, NET_LINEAR, width, 0);
		one_predictor(deep, &rng, NET_LINEAR, width, 1);
		one_predictor(deep, &rng, NET_SQUARE, width, 0);
	}
	fixture_free(deep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bootstraps),
		cmocka_unit_test(test_packed_slots),
		cmocka_unit_test(test_predictors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
