/* Networks on packed ciphertexts of the row ring against the same networks in the clear. */
#include "ckks_fixture.h"
#include "planned_keys.h"

#include <limits.h>
#include <sys/resource.h>
#include <time.h>

#include "predict/plan.h"
#include "predict/predictor.h"

/* one for all tests: keys cost more than anything else here */
static int
set_up(void **state)
{
	Fixture    *f = fixture_new(NULL, PPDL_RING_ROW, 1);

	f->ev.get_key = planned_row_key;
	f->ev.get_key_arg = f;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	fixture_free(*state);
	return 0;
}

static PpdlNet *
make_net(Fixture *f, const char *json, double size)
{
	PpdlNet    *net;
	double	   *w;
	int			n;

	OK(ppdl_net_parse(&net, json, &err));
	n = ppdl_net_weight_count(net);
	w = malloc(sizeof(double) * n);
	for (int i = 0; i < n; i++)
		w[i] = size * next_real(f);
	OK(ppdl_net_set_weights(net, w, n, &err));
	free(w);
	return net;
}

/* all rows of a packed ciphertext, x row by row in the order of tree positions */
static void
pack_rows(Fixture *f, PpdlPacked *out, const double *x, int width, double scale)
{
	const PpdlParams *par = f->par;
	int64_t    *c = calloc(par->n, sizeof(int64_t));
	PpdlPt		pt;

	memset(out, 0, sizeof(*out));
	out->width = width;
	out->logk = ppdl_log2_width(width);
	out->rows = (uint32_t) (par->n >> out->logk);
	for (uint32_t p = 0; p < out->rows; p++)
		for (int i = 0; i < width; i++)
			c[ppdl_bitrev(p, par->logn - out->logk) + i * out->rows] = llround(x[(size_t) p * width + i] * scale);
	OK(ppdl_pt_alloc(&f->ev, &pt, par->nq, &err));
	OK(ppdl_encode_coeffs(par, &pt, c, scale, par->nq, &err));
	OK(ppdl_encrypt_secret(&f->ev, &out->ct, &pt, f->sk, f->rng, &err));
	out->ct.bound = 1;
	ppdl_pt_release(&f->ev, &pt);
	free(c);
}

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* log2 of the largest difference to the network in the clear over all rows */
static double
compare(Fixture *f, const PpdlNet *net, double scale, const char *what, double *estimate)
{
	int			width = net->inputs,
				outputs = ppdl_net_outputs(net),
				slots = 1 << (ppdl_log2_width(width) - 1),
				rows = (int) (f->par->slots / slots);
	double	   *x = malloc(sizeof(double) * rows * width),
			   *want = malloc(sizeof(double) * outputs),
				worst = 0,
				start;
	PpdlPredictor *p;
	PpdlPacked	packed;
	PpdlCt		ct;

	for (int i = 0; i < rows * width; i++)
		x[i] = i % 3 == 0 ? copysign(1, next_real(f)) : next_real(f);
	pack_rows(f, &packed, x, width, scale);
	OK(ppdl_predictor_create(&p, net, width, scale, NULL, NULL, &err));
	start = cpu_seconds();
	OK(ppdl_predictor_run(p, &f->ev, &ct, &packed, 1, &err));
	start = cpu_seconds() - start;
	OK(ppdl_decrypt_slots(&f->ev, &ct, f->sk, f->z, &err));
	for (int r = 0; r < rows; r++)
	{
		OK(ppdl_net_predict(net, x + (size_t) r * width, want, &err));
		for (int j = 0; j < outputs; j++)
		{
			worst = fmax(worst, fabs(creal(f->z[r * slots + j]) - want[j]));
			assert_true(fabs(want[j]) <= ct.bound);
		}
	}
	*estimate = ct.noise * sqrt((double) f->par->n) / ct.scale;
	print_message("%-42s %d -> %d limbs, scale 2^%.1f, worst %.1f bits, estimate %.1f, %.0f ms, %.1f MB\n", what,
				  ppdl_predictor_limbs(p), ct.limbs, log2(ct.scale), -log2(worst), -log2(*estimate), start * 1e3,
				  ppdl_predictor_bytes(p) / 1e6);
	ppdl_predictor_destroy(p);
	ppdl_ct_release(&f->ev, &ct);
	ppdl_ct_release(&f->ev, &packed.ct);
	free(x);
	free(want);
	return worst;
}

static void
check_net(Fixture *f, const char *json, double size, double scale)
{
	PpdlNet    *net = make_net(f, json, size);
	char		what[64];
	double		estimate,
				worst;
	int			n = snprintf(what, sizeof(what), "%d", net->inputs);

	for (int l = 0; l < net->nlayers; l++)
		n += snprintf(what + n, sizeof(what) - n, ",%d %s %d", net->layer[l].units, net->layer[l].act.name,
					  net->layer[l].act.degree);
	worst = compare(f, net, scale, what, &estimate);
	assert_true(worst < 0x1p-14);
	/* the estimate is a standard deviation, worst the largest of thousands */
	assert_true(worst < 6 * estimate);
	assert_true(worst > estimate / 8);
	ppdl_net_destroy(net);
}

/* sum_r plus_r(x)^2 - minus_r(x)^2 + constant, or the product with the inputs, in the clear */
static double
form_value(const PpdlQuadratic *q, int output, const double *x, int slots)
{
	int			n = q->plus.inputs,
				bits = ppdl_log2_width(slots);
	double		sum = q->constant[output];

	for (int r = output * q->pairs; r < (output + 1) * q->pairs; r++)
	{
		double		plus = q->plus.bias[r],
					minus = q->minus.bias[r];

		for (int i = 0; i < n; i++)
		{
			plus += q->plus.w[r * n + i] * x[i];
			minus += q->minus.w[r * n + i] * x[i];
		}
		if (q->product)
		{
			int			f = (int) ppdl_bitrev((uint32_t) r, bits);

			sum += x[f] * plus - (f + slots < n ? x[f + slots] * minus : 0);
		}
		else
			sum += plus * plus - minus * minus;
	}
	return sum;
}

/* the same function in three forms: a square a unit, a square an eigenvalue, a product with the inputs */
static void
quadratic_forms(void **state)
{
	Fixture    *f = *state;
	PpdlNet    *net = make_net(f,
							   "{\"inputs\":7,\"layers\":[{\"units\":20,\"activation\":{\"poly\":[0.3,-1,0.7]}},{\"units\":2}]}", 1);
	PpdlAffine	before = {7, 20, net->layer[0].w, net->layer[0].bias},
				after = {20, 2, net->layer[1].w, net->layer[1].bias};
	PpdlQuadratic form[3];

	OK(ppdl_quadratic_create(&form[0], &before, net->layer[0].act.coef, &after, 0, NULL, &err));
	OK(ppdl_quadratic_create(&form[1], &before, net->layer[0].act.coef, &after, 1, NULL, &err));
	after.units = 1;
	OK(ppdl_quadratic_product(&form[2], &before, net->layer[0].act.coef, &after, 4, NULL, &err));
	assert_true(form[1].pairs <= 8 && form[1].pairs <= form[0].pairs);
	for (int k = 0; k < 20; k++)
	{
		double		x[7],
					out[2];

		for (int i = 0; i < 7; i++)
			x[i] = next_real(f);
		OK(ppdl_net_predict(net, x, out, &err));
		for (int j = 0; j < 2; j++)
		{
			assert_true(fabs(form_value(&form[0], j, x, 4) - out[j]) < 1e-12);
			assert_true(fabs(form_value(&form[1], j, x, 4) - out[j]) < 1e-12);
		}
		assert_true(fabs(form_value(&form[2], 0, x, 4) - out[0]) < 1e-12);
	}
	for (int i = 0; i < 3; i++)
		ppdl_quadratic_free(&form[i]);
	ppdl_net_destroy(net);
}

static void
one_hidden_layer(void **state)
{
	Fixture    *f = *state;

	check_net(f, "{\"inputs\":16,\"layers\":[{\"units\":32,\"activation\":\"quadratic\"},{\"units\":1}]}", 0.4, 0x1p40);
	check_net(f, "{\"inputs\":16,\"layers\":[{\"units\":16,\"activation\":\"square\"},{\"units\":1}]}", 0.4, 0x1p40);
	check_net(f,
			  "{\"inputs\":32,\"input_scale\":3,\"layers\":[{\"units\":16,\"activation\":\"quadratic\"},{\"units\":3}]}", 0.2, 0x1p39);
	check_net(f, "{\"inputs\":4,\"layers\":[{\"units\":8,\"activation\":{\"poly\":[0.3,-1,-0.25]}},{\"units\":2}]}",
			  0.8, 0x1p42);
	check_net(f,
			  "{\"inputs\":13,\"layers\":[{\"units\":64,\"activation\":\"quadratic\"},{\"units\":1,\"activation\":\"quadratic\"}]}", 0.2, 0x1p40);
}

static void
other_shapes(void **state)
{
	Fixture    *f = *state;

	check_net(f, "{\"inputs\":2,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":1}]}", 1, 0x1p43);
	check_net(f, "{\"inputs\":64,\"layers\":[{\"units\":16,\"activation\":\"quadratic\"},{\"units\":1}]}", 0.1, 0x1p38);
	check_net(f, "{\"inputs\":16,\"layers\":[{\"units\":8}]}", 0.5, 0x1p40);
	check_net(f,
			  "{\"inputs\":16,\"layers\":[{\"units\":12,\"activation\":\"identity\"},{\"units\":1,\"activation\":\"square\"}]}", 0.3, 0x1p35);
}

static void
deeper(void **state)
{
	Fixture    *f = *state;

	check_net(f,
			  "{\"inputs\":16,\"layers\":[{\"units\":16,\"activation\":\"quadratic\"},{\"units\":8,\"activation\":\"quadratic\"},{\"units\":1}]}", 0.3, 0x1p40);
	check_net(f,
			  "{\"inputs\":13,\"layers\":[{\"units\":12,\"activation\":{\"poly\":[0.5,0.5,-0.25]}},{\"units\":12,\"activation\":\"square\"},{\"units\":2}]}", 0.3, 0x1p40);
	check_net(f,
			  "{\"inputs\":16,\"layers\":[{\"units\":16,\"activation\":\"sigmoid\",\"degree\":3,\"interval\":[-6,6]},{\"units\":2}]}", 0.4, 0x1p40);
	check_net(f,
			  "{\"inputs\":16,\"layers\":[{\"units\":8,\"activation\":\"quadratic\"},{\"units\":1,\"activation\":\"sigmoid\",\"degree\":3,\"interval\":[-6,6]}]}", 0.2, 0x1p40);
	check_net(f,
			  "{\"inputs\":16,\"layers\":[{\"units\":16,\"activation\":\"tanh\",\"degree\":7,\"interval\":[-5,5]},{\"units\":1}]}", 0.3, 0x1p40);
	check_net(f, "{\"inputs\":16,\"layers\":[{\"units\":8,\"activation\":{\"poly\":[0,1,0,-0.1]}},{\"units\":1}]}", 0.2,
			  0x1p40);
	/* units leave the interval by a quarter */
	check_net(f,
			  "{\"inputs\":2,\"layers\":[{\"units\":4,\"activation\":\"tanh\",\"degree\":7,\"interval\":[-1.7,1.7]},{\"units\":1}]}", 1, 0x1p40);
}

#define CONV(filters, kernel, stride) "{\"conv2d\":{\"filters\":" #filters ",\"kernel\":" #kernel ",\"stride\":" #stride "}"

/* one product with the pixels; more ciphertexts of units than one, a pool between squares; two channels */
static void
convolution(void **state)
{
	Fixture    *f = *state;

	check_net(f, "{\"inputs\":64,\"layers\":[" CONV(4, 3, 1) ",\"activation\":\"quadratic\"},{\"units\":1}]}", 0.2, 0x1p38);
	check_net(f, "{\"inputs\":256,\"layers\":[" CONV(4, 4, 2) ",\"activation\":\"quadratic\"},{\"pool\":\"average\",\"size\":2},"
			  "{\"units\":16,\"activation\":\"quadratic\"},{\"units\":3}]}", 0.2, 0x1p36);
	check_net(f, "{\"inputs\":60,\"shape\":[2,5,6],\"layers\":[" CONV(3, 2, 1) "},{\"pool\":\"average\",\"size\":2,\"stride\":1,"
			  "\"activation\":\"square\"}," CONV(2, 2, 1) ",\"activation\":\"square\"},{\"units\":2}]}", 0.3, 0x1p38);
}

/* rows of fewer slots than a giant step is long */
static void
narrow(void **state)
{
	Fixture    *f = *state;

	check_net(f,
			  "{\"inputs\":4,\"layers\":[{\"units\":5,\"activation\":\"quadratic\"},{\"units\":4,\"activation\":\"square\"},{\"units\":2}]}", 0.5, 0x1p40);
	check_net(f,
			  "{\"inputs\":7,\"layers\":[{\"units\":9,\"activation\":\"quadratic\"},{\"units\":4,\"activation\":\"square\"},{\"units\":1}]}", 0.4, 0x1p40);
	check_net(f,
			  "{\"inputs\":2,\"layers\":[{\"units\":3,\"activation\":\"sigmoid\",\"degree\":3,\"interval\":[-6,6]},{\"units\":1}]}", 0.8, 0x1p40);
}

/* weights that are mostly zero: offsets of diagonals have a factor in common, keys are for steps of one */
static void
sparse(void **state)
{
	Fixture    *f = *state;
	PpdlNet    *net = make_net(f,
							   "{\"inputs\":16,\"layers\":[{\"units\":8,\"activation\":\"square\"},{\"units\":8,\"activation\":\"square\"},{\"units\":1}]}", 0);
	double		estimate;

	for (int u = 0; u < 8; u++)
	{
		net->layer[0].w[u * 16 + u] = 0.9;
		net->layer[1].w[u * 8 + (u + 2) % 8] = 0.5;
		net->layer[1].w[u * 8 + (u + 6) % 8] = -0.25;
		net->layer[2].w[u] = 0.2;
	}
	assert_true(compare(f, net, 0x1p40, "sparse", &estimate) < 0x1p-14);
	ppdl_net_destroy(net);
}

static void
untouched(void **state)
{
	Fixture    *f = *state;
	PpdlNet    *net = make_net(f, "{\"inputs\":8,\"layers\":[{\"units\":4,\"activation\":\"square\"},{\"units\":1}]}",
							   0);
	double		estimate;

	/* weights of zero */
	assert_true(compare(f, net, 0x1p41, "zero", &estimate) < 0x1p-14);
	ppdl_net_destroy(net);
}

static void
refuse(const char *json, double size, int width, PpdlStatus status, const char *says)
{
	Fixture		r = {.random = 5};
	PpdlNet    *net = make_net(&r, json, size);
	PpdlPredictor *p;

	assert_int_equal(ppdl_predictor_create(&p, net, width, 0x1p40, NULL, NULL, &err), status);
	assert_null(p);
	if (strstr(err.message, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.message, says);
	ppdl_net_destroy(net);
}

static void
refusals(void **state)
{
	refuse("{\"inputs\":8,\"layers\":[{\"units\":4},{\"units\":1}]}", 1, 9, PPDL_ERR_ARGUMENT,
		   "8 inputs, the rows have 9");
	refuse("{\"inputs\":1,\"layers\":[{\"units\":1}]}", 1, 1, PPDL_ERR_ARGUMENT, "2 to 1024 inputs");
	refuse("{\"inputs\":8,\"layers\":[{\"units\":5}]}", 1, 8, PPDL_ERR_ARGUMENT, "room for 4");
	refuse("{\"inputs\":8,\"layers\":[{\"units\":4,\"activation\":\"square\"},{\"units\":4,\"activation\":\"square\"},"
		   "{\"units\":4,\"activation\":\"square\"},{\"units\":1}]}", 1, 8, PPDL_ERR_LEVEL, "needs 8 levels, encrypted rows have 7");
	refuse("{\"inputs\":8,\"layers\":[{\"units\":4,\"activation\":\"relu\",\"degree\":15},{\"units\":1}]}", 1, 8,
		   PPDL_ERR_LEVEL, "8 levels");
	refuse("{\"inputs\":8,\"layers\":[{\"units\":4,\"activation\":\"square\"},{\"units\":1}]}", 1e9, 8, PPDL_ERR_RANGE,
		   "too large");
	/* units reach twice the end of the interval, where T_7 is 5042 */
	refuse("{\"inputs\":16,\"layers\":[{\"units\":8,\"activation\":\"tanh\",\"degree\":7,\"interval\":[-4,4]},{\"units\":1}]}", 1, 16,
		   PPDL_ERR_RANGE, "layer 1 reach values far outside the interval [-4, 4]");
	refuse("{\"inputs\":8,\"layers\":[{\"units\":4},{\"units\":4,\"activation\":\"relu\",\"degree\":7,\"interval\":[-1,1]}]}", 1, 8,
		   PPDL_ERR_RANGE, "layer 2 reach values far outside");
}

/* a pool costs no level, wherever it is, and neither does convolution without activation before a layer */
static void
levels_of_convolution(void **state)
{
	static const struct
	{
		const char *json;
		int			levels;
	}			net_of[] = {
		{"{\"inputs\":256,\"layers\":[" CONV(4, 4, 2) ",\"activation\":\"quadratic\"},{\"units\":1}]}", 4},
		{"{\"inputs\":256,\"layers\":[" CONV(4, 4, 2) ",\"activation\":\"quadratic\"},{\"pool\":\"average\",\"size\":2},{\"units\":1}]}", 4},
		{"{\"inputs\":256,\"layers\":[{\"pool\":\"average\",\"size\":2}," CONV(4, 3, 1) "},{\"pool\":\"average\",\"size\":2,"
			"\"activation\":\"quadratic\"},{\"units\":1}]}", 4},
		{"{\"inputs\":256,\"layers\":[" CONV(4, 4, 2) ",\"activation\":\"quadratic\"},{\"pool\":\"average\",\"size\":2},"
			"{\"units\":16,\"activation\":\"quadratic\"},{\"units\":1}]}", 6},
		{"{\"inputs\":256,\"layers\":[" CONV(4, 4, 2) ",\"activation\":\"quadratic\"}," CONV(4, 3, 1) ",\"activation\":\"quadratic\"},"
			"{\"units\":16,\"activation\":\"quadratic\"},{\"units\":1}]}", 8},
	};

	for (size_t i = 0; i < sizeof(net_of) / sizeof(net_of[0]); i++)
	{
		PpdlNet    *net;

		OK(ppdl_net_parse(&net, net_of[i].json, &err));
		assert_int_equal(ppdl_network_levels(net), net_of[i].levels);
		ppdl_net_destroy(net);
	}
	refuse("{\"inputs\":1024,\"layers\":[" CONV(16, 4, 2) ",\"activation\":\"square\"}," CONV(64, 3, 2) ",\"activation\":\"square\"},"
		   "{\"units\":512}]}", 1e-3, 1024, PPDL_ERR_RANGE, "of 2.1 GB allowed");
}

static int
count_down(void *arg)
{
	return --*(int *) arg < 0;
}

static void
bad_input_and_cancel(void **state)
{
	Fixture    *f = *state;
	PpdlNet    *net = make_net(f, "{\"inputs\":16,\"layers\":[{\"units\":8,\"activation\":\"square\"},{\"units\":1}]}",
							   0.3);
	double	   *x = calloc(f->par->n, sizeof(double));
	PpdlPredictor *p;
	PpdlPacked	packed;
	PpdlCt		ct;
	int			left = 3;
	size_t		held;

	pack_rows(f, &packed, x, 16, 0x1p40);
	OK(ppdl_predictor_create(&p, net, 16, 0x1p40, NULL, NULL, &err));
	packed.ct.scale = 0x1p41;
	assert_int_equal(ppdl_predictor_run(p, &f->ev, &ct, &packed, 1, &err), PPDL_ERR_SCALE);
	packed.ct.scale = 0x1p40;
	packed.ct.bound = 2;
	assert_int_equal(ppdl_predictor_run(p, &f->ev, &ct, &packed, 1, &err), PPDL_ERR_RANGE);
	packed.ct.bound = 1;
	packed.width = 15;
	assert_int_equal(ppdl_predictor_run(p, &f->ev, &ct, &packed, 1, &err), PPDL_ERR_ARGUMENT);
	packed.width = 16;
	ppdl_ct_drop(&packed.ct, 2);
	assert_int_equal(ppdl_predictor_run(p, &f->ev, &ct, &packed, 1, &err), PPDL_ERR_LEVEL);
	ppdl_ct_release(&f->ev, &packed.ct);
	pack_rows(f, &packed, x, 16, 0x1p40);
	f->ev.interrupted = count_down;
	f->ev.interrupted_arg = &left;
	ppdl_pool_trim(f->pool);
	held = ppdl_pool_bytes(f->pool);
	assert_int_equal(ppdl_predictor_run(p, &f->ev, &ct, &packed, 1, &err), PPDL_ERR_CANCELED);
	/* nothing is left behind */
	ppdl_pool_trim(f->pool);
	assert_int_equal(ppdl_pool_bytes(f->pool), held);
	f->ev.interrupted = NULL;
	ppdl_ct_release(&f->ev, &packed.ct);
	ppdl_predictor_destroy(p);
	ppdl_net_destroy(net);
	free(x);
}

/* ---- several ciphertexts together ---- */

#define TOGETHER 3

/* of random rows; their noise and scales differ, as far as scales may */
static void
pack_different(Fixture *f, PpdlPacked *packed, int count, int width)
{
	double	   *x = malloc(sizeof(double) * f->par->n);

	for (int i = 0; i < count; i++)
	{
		for (size_t k = 0; k < f->par->n; k++)
			x[k] = next_real(f);
		pack_rows(f, &packed[i], x, width, 0x1p40);
		packed[i].ct.noise *= 1 << 4 * i;
		packed[i].ct.scale *= 1 + i * 0x1p-45;
	}
	free(x);
}

static void
release_all(Fixture *f, PpdlPacked *packed, int count)
{
	for (int i = 0; i < count; i++)
		ppdl_ct_release(&f->ev, &packed[i].ct);
}

static void
check_together(Fixture *f, const char *json, double size)
{
	PpdlNet    *net = make_net(f, json, size);
	PpdlPredictor *p;
	PpdlPacked	packed[TOGETHER];
	PpdlCt		alone[TOGETHER],
				ct[TOGETHER];

	OK(ppdl_predictor_create(&p, net, net->inputs, 0x1p40, NULL, NULL, &err));
	pack_different(f, packed, TOGETHER, net->inputs);
	for (int i = 0; i < TOGETHER; i++)
		OK(ppdl_predictor_run(p, &f->ev, &alone[i], &packed[i], 1, &err));
	assert_true(alone[0].noise < alone[1].noise && alone[1].noise < alone[2].noise);
	for (int count = 2; count <= TOGETHER; count++)
	{
		OK(ppdl_predictor_run(p, &f->ev, ct, packed, count, &err));
		for (int i = 0; i < count; i++)
		{
			assert_same_ct(&ct[i], &alone[i]);
			ppdl_ct_release(&f->ev, &ct[i]);
		}
	}
	for (int i = 0; i < TOGETHER; i++)
		ppdl_ct_release(&f->ev, &alone[i]);
	release_all(f, packed, TOGETHER);
	ppdl_predictor_destroy(p);
	ppdl_net_destroy(net);
}

/* to the last bit what each is alone: a product with the inputs, squares of units and of groups, polynomials, biases */
static void
together(void **state)
{
	Fixture    *f = *state;

	check_together(f, "{\"inputs\":16,\"layers\":[{\"units\":32,\"activation\":\"quadratic\"},{\"units\":1}]}", 0.4);
	check_together(f, "{\"inputs\":4,\"layers\":[{\"units\":8,\"activation\":{\"poly\":[0.3,-1,-0.25]}},{\"units\":2}]}",
				   0.8);
	check_together(f,
				   "{\"inputs\":16,\"layers\":[{\"units\":20,\"activation\":\"sigmoid\",\"degree\":3,\"interval\":[-6,6]},{\"units\":2}]}", 0.3);
	check_together(f,
				   "{\"inputs\":8,\"layers\":[{\"units\":7,\"activation\":\"square\"},{\"units\":4,\"activation\":\"square\"},{\"units\":2}]}", 0.4);
}

/* canceled anywhere, or with something wrong with the second of them: no ciphertext is left, in `ct` or in the pool */
static void
together_fails(void **state)
{
	Fixture    *f = *state;
	PpdlNet    *net = make_net(f, "{\"inputs\":16,\"layers\":[{\"units\":12,\"activation\":\"square\"},{\"units\":2}]}",
							   0.3);
	PpdlPredictor *p;
	PpdlPacked	packed[2];
	PpdlCt		ct[2];
	PpdlStatus	status = PPDL_ERR_CANCELED;
	int			canceled = 0;
	size_t		held;

	OK(ppdl_predictor_create(&p, net, 16, 0x1p40, NULL, NULL, &err));
	pack_different(f, packed, 2, 16);
	ppdl_pool_trim(f->pool);
	held = ppdl_pool_bytes(f->pool);
	packed[1].ct.bound = 2;
	assert_int_equal(ppdl_predictor_run(p, &f->ev, ct, packed, 2, &err), PPDL_ERR_RANGE);
	assert_true(ct[0].b == NULL && ct[1].b == NULL);
	packed[1].ct.bound = 1;
	f->ev.interrupted = count_down;
	for (int after = 0; status == PPDL_ERR_CANCELED; after = after + after / 2 + 1)
	{
		int			left = after;

		f->ev.interrupted_arg = &left;
		status = ppdl_predictor_run(p, &f->ev, ct, packed, 2, &err);
		if (status == PPDL_OK)
			break;
		assert_int_equal(status, PPDL_ERR_CANCELED);
		canceled++;
		assert_true(ct[0].b == NULL && ct[0].a == NULL && ct[1].b == NULL && ct[1].a == NULL);
		ppdl_pool_trim(f->pool);
		assert_int_equal(ppdl_pool_bytes(f->pool), held);
	}
	assert_int_equal(status, PPDL_OK);
	assert_true(canceled > 4);
	f->ev.interrupted = NULL;
	for (int i = 0; i < 2; i++)
		ppdl_ct_release(&f->ev, &ct[i]);
	release_all(f, packed, 2);
	ppdl_predictor_destroy(p);
	ppdl_net_destroy(net);
}

/* ---- networks that are too large ---- */

#define SQUARE(units) "{\"units\":" #units ",\"activation\":\"quadratic\"}"

static PpdlStatus
plan_packed(PpdlPlan **plan, const Fixture *f, const PpdlNet *net, const PpdlPoll *poll)
{
	const PpdlPlanLimits limits = {f->par, 1 << (ppdl_log2_width(net->inputs) - 1), PPDL_ROW_C2S_LIMBS - 2,
								   PPDL_PREDICTOR_BYTES, poll};

	return ppdl_plan_create(plan, net, &limits, &err);
}

static double
peak_megabytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double) usage.ru_maxrss / 1024;
}

/* a form of 512 outputs and 4,096 units would be 8,192 matrices; as layers they are 16 */
static void
large_forms_stay_layers(void **state)
{
	Fixture    *f = *state;
	PpdlNet    *net = make_net(f, "{\"inputs\":1024,\"layers\":[" SQUARE(4096) ",{\"units\":512}]}", 1e-3);
	double		before = peak_megabytes();
	PpdlPlan   *plan;

	OK(plan_packed(&plan, f, net, NULL));
	assert_int_equal(plan->nsteps, 3);
	assert_int_equal(plan->step[1].kind, PPDL_STEP_SQUARE);
	assert_int_equal(ppdl_plan_depth(plan), ppdl_network_depth(net) + 1);
	assert_true(peak_megabytes() - before < 300);
	ppdl_plan_destroy(plan);
	ppdl_net_destroy(net);
	/* the same for a network that is small enough to run here */
	net = make_net(f, "{\"inputs\":512,\"layers\":[" SQUARE(64) ",{\"units\":256}]}", 0.02);
	OK(plan_packed(&plan, f, net, NULL));
	assert_int_equal(plan->nsteps, 3);
	ppdl_plan_destroy(plan);
	ppdl_net_destroy(net);
	check_net(f, "{\"inputs\":512,\"layers\":[" SQUARE(64) ",{\"units\":256}]}", 0.02, 0x1p40);
}

static void
too_large(void **state)
{
	double		before = peak_megabytes();

	refuse("{\"inputs\":1024,\"layers\":[" SQUARE(2048) "," SQUARE(4096) ",{\"units\":512}]}", 1e-3, 1024,
		   PPDL_ERR_RANGE,
		   "of 2.1 GB allowed");
	assert_true(peak_megabytes() - before < 600);	/* most of it the network itself */
}

/* asked often enough, and nothing is left behind wherever the work ends */
static void
planning_canceled(void **state)
{
	static const struct
	{
		const char *json;
		int			polls;
	}			net_of[] = {
		{"{\"inputs\":32,\"layers\":[" SQUARE(96) ",{\"units\":5}]}", 5 * 33},	/* eigenvalues */
		{"{\"inputs\":32,\"layers\":[" SQUARE(96) ",{\"units\":1}]}", 96},	/* a product */
		{"{\"inputs\":4,\"layers\":[{\"units\":70},{\"units\":80},{\"units\":2}]}", 80},
	};
	Fixture    *f = *state;
	int			left;
	const PpdlPoll poll = {count_down, &left};

	for (size_t i = 0; i < sizeof(net_of) / sizeof(net_of[0]); i++)
	{
		PpdlNet    *net = make_net(f, net_of[i].json, 0.1);
		PpdlPlan   *plan;
		int			polls;

		left = INT_MAX;
		OK(plan_packed(&plan, f, net, &poll));
		ppdl_plan_destroy(plan);
		polls = INT_MAX - left;
		assert_true(polls >= net_of[i].polls);
		for (int at = 0; at < polls; at += 1 + polls / 20)
		{
			left = at;
			assert_int_equal(plan_packed(&plan, f, net, &poll), PPDL_ERR_CANCELED);
			assert_null(plan);
		}
		ppdl_net_destroy(net);
	}
}

static void
building_canceled(void **state)
{
	Fixture    *f = *state;
	PpdlNet    *net = make_net(f, "{\"inputs\":32,\"layers\":[{\"units\":4}]}", 0.3);
	int			left = INT_MAX,
				polls;
	const PpdlPoll poll = {count_down, &left};
	PpdlPredictor *p;

	OK(ppdl_predictor_create(&p, net, 32, 0x1p40, NULL, &poll, &err));
	ppdl_predictor_destroy(p);
	polls = INT_MAX - left;
	for (int at = 0; at < polls; at += 1 + polls / 5)
	{
		left = at;
		assert_int_equal(ppdl_predictor_create(&p, net, 32, 0x1p40, NULL, &poll, &err), PPDL_ERR_CANCELED);
		assert_null(p);
	}
	ppdl_net_destroy(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_forms_stay_layers),
		cmocka_unit_test(too_large),
		cmocka_unit_test(planning_canceled),
		cmocka_unit_test(building_canceled),
		cmocka_unit_test(quadratic_forms),
		cmocka_unit_test(one_hidden_layer),
		cmocka_unit_test(other_shapes),
		cmocka_unit_test(deeper),
		cmocka_unit_test(convolution),
		cmocka_unit_test(levels_of_convolution),
		cmocka_unit_test(narrow),
		cmocka_unit_test(sparse),
		cmocka_unit_test(untouched),
		cmocka_unit_test(refusals),
		cmocka_unit_test(bad_input_and_cancel),
		cmocka_unit_test(together),
		cmocka_unit_test(together_fails),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
