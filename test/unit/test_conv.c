/* Convolution and pooling in the clear, against loops written from their definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ckks/params.h"
#include "learn/layout.h"
#include "net/activation.h"
#include "net/layer.h"
#include "net/net.h"
#include "net/prng.h"
#include "net/train.h"

static PpdlError err;
static PpdlPrng rng;

#define OK(expr) \
	do { \
		if ((expr) != PPDL_OK) \
			fail_msg("%s: %s", #expr, err.message); \
	} while (0)

static int
set_up(void **state)
{
	const char *given = getenv("PPDL_TEST_SEED");
	uint64_t	seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t) time(NULL);

	printf("PPDL_TEST_SEED=%llu\n", (unsigned long long) seed);
	ppdl_prng_init(&rng, seed, 0);
	return 0;
}

static double
uniform(void)
{
	return 2 * ppdl_prng_uniform(&rng) - 1;
}

static PpdlNet *
parse(const char *json)
{
	PpdlNet    *net;

	OK(ppdl_net_parse(&net, json, &err));
	return net;
}

/* random weights; the caller's to free */
static double *
give_weights(PpdlNet *net, double size)
{
	const int	n = ppdl_net_weight_count(net);
	double	   *w = malloc(sizeof(double) * (size_t) n);

	for (int i = 0; i < n; i++)
		w[i] = size * uniform();
	OK(ppdl_net_set_weights(net, w, n, &err));
	return w;
}

/* ---- the definition, in long double ---- */

static long double
activation(const PpdlActivation *act, long double z)
{
	long double sum = 0;

	for (int k = act->degree; k >= 0; k--)
		sum = sum * z + act->coef[k];
	return sum;
}

/* out[f][y][x] = b[f] + sum w[f][c][j][i] in[c][y*stride + j][x*stride + i]; returns the weights that it took */
static const long double *
image_layer(const PpdlLayer *l, const long double *w, const long double *in, long double *out)
{
	const int	pool = l->kind == PPDL_LAYER_POOL,
				k = l->kernel,
				C = l->in.channels,
				H = l->in.height,
				W = l->in.width,
				F = l->out.channels,
				oh = (H - k) / l->stride + 1,
				ow = (W - k) / l->stride + 1;

	assert_int_equal(l->units, F * oh * ow);
	for (int f = 0; f < F; f++)
		for (int y = 0; y < oh; y++)
			for (int x = 0; x < ow; x++)
			{
				long double sum = pool ? 0 : w[F * C * k * k + f];

				for (int c = 0; c < C; c++)
					for (int j = 0; j < k; j++)
						for (int i = 0; i < k; i++)
						{
							const long double v = in[(c * H + y * l->stride + j) * W + x * l->stride + i];

							if (!pool)
								sum += w[((f * C + c) * k + j) * k + i] * v;
							else if (c == f)
								sum += v / (k * k);
						}
				out[(f * oh + y) * ow + x] = activation(&l->act, sum);
			}
	return pool ? w : w + F * C * k * k + F;
}

static const long double *
dense_layer(const PpdlLayer *l, const long double *w, const long double *in, long double *out)
{
	for (int u = 0; u < l->units; u++)
	{
		long double sum = w[l->units * l->inputs + u];

		for (int i = 0; i < l->inputs; i++)
			sum += w[u * l->inputs + i] * in[i];
		out[u] = activation(&l->act, sum);
	}
	return w + l->units * (l->inputs + 1);
}

/* outputs from a flat vector of weights */
static void
predict(const PpdlNet *net, const long double *w, const double *x, long double *out)
{
	static long double value[2][PPDL_MAX_UNITS];

	for (int i = 0; i < net->inputs; i++)
		value[0][i] = (long double) x[i] * net->input_scale[i];
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];

		w = layer->kind == PPDL_LAYER_DENSE ? dense_layer(layer, w, value[l % 2], value[1 - l % 2]) :
			image_layer(layer, w, value[l % 2], value[1 - l % 2]);
	}
	memcpy(out, value[net->nlayers % 2], sizeof(*out) * (size_t) ppdl_net_outputs(net));
}

#define CONV(filters, kernel, stride) \
	"{\"conv2d\":{\"filters\":" #filters ",\"kernel\":" #kernel ",\"stride\":" #stride "},\"activation\":\"quadratic\"}"
#define POOL(size, stride) "{\"pool\":\"average\",\"size\":" #size ",\"stride\":" #stride "}"

static const char *const specs[] = {
	"{\"inputs\":36,\"layers\":[" CONV(3, 3, 1) ",{\"units\":2}]}",
	"{\"inputs\":35,\"shape\":[5,7],\"input_scale\":0.5,\"layers\":[" CONV(2, 2, 3) "," POOL(1, 1) ",{\"units\":2}]}",
	"{\"inputs\":96,\"shape\":[2,6,8],\"layers\":[" CONV(3, 3, 1) "," POOL(2, 2) "," CONV(2, 2, 1) ",{\"units\":3,"
	"\"activation\":\"square\"},{\"units\":2}]}",
	"{\"inputs\":64,\"layers\":[" POOL(2, 2) ",{\"conv2d\":{\"filters\":4,\"kernel\":2}},{\"pool\":\"average\",\"size\":3,"
	"\"activation\":\"square\"},{\"units\":1}]}",
	"{\"inputs\":48,\"shape\":[3,4,4],\"bias\":false,\"layers\":[" CONV(2, 1, 1) "," POOL(3, 1) ",{\"units\":1}]}",
	"{\"inputs\":16,\"layers\":[" CONV(2, 3, 1) "," POOL(2, 1) "]}",
	"{\"inputs\":12,\"shape\":[3,2,2],\"layers\":[" CONV(2, 2, 5) "]}",
};

#define SPECS (int) (sizeof(specs) / sizeof(specs[0]))

static long double *
widen(const double *w, int n)
{
	long double *wide = malloc(sizeof(*wide) * (size_t) n);

	for (int i = 0; i < n; i++)
		wide[i] = w[i];
	return wide;
}

/* biases are 0 in networks without */
static double *
weights_for(PpdlNet *net)
{
	double	   *w = give_weights(net, 0),
			   *at = w;

	for (int l = 0; l < net->nlayers; l++)
	{
		const int	weights = ppdl_layer_weight_count(&net->layer[l]),
					biases = ppdl_layer_bias_count(&net->layer[l]);

		for (int i = 0; i < weights + (net->bias ? biases : 0); i++)
			at[i] = 0.5 * uniform();
		at += weights + biases;
	}
	OK(ppdl_net_set_weights(net, w, ppdl_net_weight_count(net), &err));
	return w;
}

static void
forward(void **state)
{
	for (int s = 0; s < SPECS; s++)
	{
		PpdlNet    *net = parse(specs[s]);
		double	   *w = weights_for(net),
					x[96],
					got[32];
		long double *wide = widen(w, ppdl_net_weight_count(net)),
					want[32];

		for (int row = 0; row < 5; row++)
		{
			for (int i = 0; i < net->inputs; i++)
				x[i] = uniform();
			predict(net, wide, x, want);
			OK(ppdl_net_predict(net, x, got, &err));
			for (int j = 0; j < ppdl_net_outputs(net); j++)
				assert_true(fabsl(got[j] - want[j]) < 1e-13L * (1 + fabsl(want[j])));
		}
		free(w);
		free(wide);
		ppdl_net_destroy(net);
	}
}

/* every layer as the dense one it is: the same sums */
static void
as_dense_layers(void **state)
{
	for (int s = 0; s < SPECS; s++)
	{
		PpdlNet    *net = parse(specs[s]);
		double	   *w = weights_for(net);

		for (int l = 0; l < net->nlayers; l++)
		{
			const PpdlLayer *layer = &net->layer[l];
			const size_t inputs = (size_t) layer->inputs,
						units = (size_t) layer->units;
			double	   *map = malloc(sizeof(double) * units * (inputs + 1)),
					   *in = malloc(sizeof(double) * inputs),
					   *z = malloc(sizeof(double) * 2 * units);

			ppdl_layer_map(layer, map, map + units * inputs);
			for (size_t i = 0; i < inputs; i++)
				in[i] = uniform();
			ppdl_layer_forward(layer, in, z, z + units);
			for (size_t u = 0; u < units; u++)
			{
				double		sum = map[units * inputs + u];

				for (size_t i = 0; i < inputs; i++)
					sum += map[u * inputs + i] * in[i];
				assert_true(fabs(sum - z[u]) < 1e-13);
			}
			free(map);
			free(in);
			free(z);
		}
		free(w);
		ppdl_net_destroy(net);
	}
}

#define ROWS 4

static long double
mean_loss(const PpdlNet *net, const long double *w, const double *x, const double *y, const int *index, int count)
{
	const int	outputs = ppdl_net_outputs(net);
	long double out[32],
				sum = 0;

	for (int i = 0; i < count; i++)
	{
		predict(net, w, x + index[i] * net->inputs, out);
		for (int j = 0; j < outputs; j++)
			sum += (out[j] - y[index[i] * outputs + j]) * (out[j] - y[index[i] * outputs + j]) / 2;
	}
	return sum / count;
}

/* shared weights get the sum over all places of a filter: central differences of the loss in long double */
static void
gradient(void **state)
{
	static const int index[] = {3, 0, 2};

	for (int s = 0; s < SPECS; s++)
	{
		PpdlNet    *net = parse(specs[s]);
		double	   *w = weights_for(net),
					x[ROWS * 96],
					y[ROWS * 32],
					loss;
		const int	n = ppdl_net_weight_count(net);
		double	   *g = malloc(sizeof(double) * (size_t) n);
		long double *wide = widen(w, n);
		int			at = 0;

		for (int i = 0; i < ROWS * net->inputs; i++)
			x[i] = uniform();
		for (int i = 0; i < ROWS * ppdl_net_outputs(net); i++)
			y[i] = uniform();
		OK(ppdl_net_gradient(net, &(PpdlMiniBatch) {x, y, index, 3, PPDL_LOSS_SQUARED}, g, &loss, &err));
		assert_true(fabsl(loss - mean_loss(net, wide, x, y, index, 3)) < 1e-12);
		for (int l = 0; l < net->nlayers; l++)
		{
			const int	weights = ppdl_layer_weight_count(&net->layer[l]),
						all = weights + ppdl_layer_bias_count(&net->layer[l]);

			for (int i = 0; i < all; i++, at++)
			{
				const long double h = 1e-6L,
							keep = wide[at];
				long double up,
							want;

				wide[at] = keep + h;
				up = mean_loss(net, wide, x, y, index, 3);
				wide[at] = keep - h;
				want = (up - mean_loss(net, wide, x, y, index, 3)) / (2 * h);
				wide[at] = keep;
				/* without biases they stay 0 */
				if (i >= weights && !net->bias)
					want = 0;
				assert_true(fabsl(want - g[at]) < 1e-9L * (1 + fabsl(want)));
			}
		}
		free(w);
		free(g);
		free(wide);
		ppdl_net_destroy(net);
	}
}

/* ---- specifications ---- */

static char *
canonical(const char *json)
{
	PpdlNet    *net = parse(json);
	char	   *text;

	OK(ppdl_net_json(net, &text, &err));
	ppdl_net_destroy(net);
	return text;
}

static void
check_canonical(const char *json, const char *want)
{
	char	   *once = canonical(json),
			   *twice = canonical(once);

	assert_string_equal(once, want);
	assert_string_equal(twice, want);
	free(once);
	free(twice);
}

static void
specification_round_trip(void **state)
{
	check_canonical("{\"inputs\":256,\"layers\":[{\"conv2d\":{\"filters\":4,\"kernel\":4,\"stride\":2},\"activation\":\"quadratic\"},"
					"{\"pool\":\"average\",\"size\":2},{\"units\":1}]}",
					"{\"inputs\": 256, \"shape\": [16, 16], \"input_scale\": 1, \"layers\": ["
					"{\"conv2d\": {\"filters\": 4, \"kernel\": 4, \"stride\": 2}, \"activation\": \"quadratic\"}, "
					"{\"pool\": \"average\", \"size\": 2, \"stride\": 2, \"activation\": \"identity\"}, "
					"{\"units\": 1, \"activation\": \"identity\"}]}");
	check_canonical("{\"inputs\":24,\"shape\":[2,3,4],\"bias\":false,\"layers\":[{\"pool\":\"average\",\"size\":3,\"stride\":1,"
					"\"activation\":\"poly\",\"coefficients\":[1,2,3]},{\"conv2d\":{\"filters\":1,\"kernel\":1}}]}",
					"{\"inputs\": 24, \"shape\": [2, 3, 4], \"input_scale\": 1, \"bias\": false, \"layers\": ["
					"{\"pool\": \"average\", \"size\": 3, \"stride\": 1, \"activation\": {\"poly\": [1, 2, 3]}}, "
					"{\"conv2d\": {\"filters\": 1, \"kernel\": 1, \"stride\": 1}, \"activation\": \"identity\"}]}");
	/* of one channel, written with it or without */
	check_canonical("{\"inputs\":6,\"shape\":[1,2,3],\"layers\":[{\"conv2d\":{\"filters\":1,\"kernel\":2}}]}",
					"{\"inputs\": 6, \"shape\": [2, 3], \"input_scale\": 1, \"layers\": ["
					"{\"conv2d\": {\"filters\": 1, \"kernel\": 2, \"stride\": 1}, \"activation\": \"identity\"}]}");
	/* dense networks are written as ever */
	check_canonical("{\"inputs\":16,\"layers\":[{\"units\":4,\"activation\":\"square\"},{\"units\":1}]}",
					"{\"inputs\": 16, \"input_scale\": 1, \"layers\": [{\"units\": 4, \"activation\": \"square\"}, "
					"{\"units\": 1, \"activation\": \"identity\"}]}");
}

#define INPUTS_16 "{\"inputs\":16,"
#define GOOD "{\"conv2d\":{\"filters\":1,\"kernel\":2}}"

static void
bad_specifications(void **state)
{
	static const struct
	{
		const char *json,
				   *says;
	}			bad[] = {
		{INPUTS_16 "\"layers\":[{\"conv2d\":4}]}", "layers[0].conv2d must be an object"},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"kernel\":2}}]}", "layers[0].conv2d.filters is missing"},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"filters\":1}}]}", "layers[0].conv2d.kernel is missing"},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"filters\":0,\"kernel\":2}}]}", "conv2d.filters is 0, it must be 1 to"},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"filters\":1,\"kernel\":2.5}}]}", "conv2d.kernel must be a whole number"},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"filters\":1,\"kernel\":[2,2]}}]}", "conv2d.kernel must be a number"},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"filters\":1,\"kernel\":2,\"stride\":0}}]}", "conv2d.stride is 0"},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"filters\":1,\"kernel\":2,\"padding\":\"same\"}}]}",
		 "conv2d has an unknown member \"padding\""},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"filters\":1,\"kernel\":2},\"size\":2}]}",
		 "layers[0] has an unknown member \"size\""},
		{INPUTS_16 "\"layers\":[" GOOD ",{\"conv2d\":{\"filters\":1,\"kernel\":4}}]}",
		 "layers[1].conv2d: windows of 4 x 4 are larger than the image of 3 x 3"},
		{"{\"inputs\":1024,\"layers\":[{\"conv2d\":{\"filters\":6,\"kernel\":4}}]}",
		 "layers[0].conv2d gives 6 x 29 x 29 = 5046 units, the most is 4096"},
		{INPUTS_16 "\"layers\":[{\"units\":4}," GOOD "]}", "layers[1] is conv2d after a dense layer"},
		{INPUTS_16 "\"layers\":[" GOOD ",{\"units\":4},{\"pool\":\"average\",\"size\":2}]}",
		 "layers[2] is pool after a dense layer"},
		{INPUTS_16 "\"layers\":[{\"units\":4,\"conv2d\":{\"filters\":1,\"kernel\":2}}]}",
		 "layers[0] has both \"units\" and \"conv2d\""},
		{INPUTS_16 "\"layers\":[{\"pool\":\"average\",\"size\":2,\"conv2d\":{\"filters\":1,\"kernel\":2}}]}",
		 "has both \"conv2d\" and \"pool\""},
		{INPUTS_16 "\"layers\":[{\"pool\":\"max\",\"size\":2}]}", "layers[0].pool must be \"average\""},
		{INPUTS_16 "\"layers\":[{\"pool\":2,\"size\":2}]}", "layers[0].pool must be \"average\""},
		{INPUTS_16 "\"layers\":[{\"pool\":\"average\"}]}", "layers[0].size is missing"},
		{INPUTS_16 "\"layers\":[{\"pool\":\"average\",\"size\":5}]}", "windows of 5 x 5 are larger"},
		{INPUTS_16 "\"layers\":[{\"pool\":\"average\",\"size\":2,\"stride\":-1}]}", "layers[0].stride is -1"},
		{INPUTS_16 "\"layers\":[{\"pool\":\"average\",\"size\":2}]}", "pools only"},
		{INPUTS_16 "\"layers\":[{\"conv2d\":{\"filters\":1,\"kernel\":2},\"activation\":\"max\"}]}", "max"},
		{"{\"inputs\":15,\"layers\":[" GOOD "]}", "shape is missing: 15 inputs are no square image"},
		{INPUTS_16 "\"shape\":[4,5],\"layers\":[" GOOD "]}", "1 x 4 x 5 (channels x height x width) = 20 values for 16 inputs"},
		{INPUTS_16 "\"shape\":[4096,4096,4096],\"layers\":[" GOOD "]}", "= 68719476736 values for 16 inputs"},
		{INPUTS_16 "\"shape\":[16],\"layers\":[" GOOD "]}", "shape must be [height, width]"},
		{INPUTS_16 "\"shape\":\"4x4\",\"layers\":[" GOOD "]}", "shape must be [height, width]"},
		{INPUTS_16 "\"shape\":[4,0],\"layers\":[" GOOD "]}", "shape[1] is 0"},
		{INPUTS_16 "\"shape\":[1,\"4\",4],\"layers\":[" GOOD "]}", "shape[1] must be a number"},
		{INPUTS_16 "\"shape\":[4,4],\"layers\":[{\"units\":1}]}", "shape is for networks whose first layer is conv2d or pool"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		PpdlNet    *net;

		assert_int_not_equal(ppdl_net_parse(&net, bad[i].json, &err), PPDL_OK);
		assert_null(net);
		if (strstr(err.message, bad[i].says) == NULL)
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].json, err.message, bad[i].says);
	}
}

static void
same_or_not(void **state)
{
	static const char *const other[] = {
		"{\"inputs\":64,\"shape\":[4,16],\"layers\":[" CONV(2, 2, 2) "," POOL(2, 2) ",{\"units\":1}]}",
		"{\"inputs\":64,\"layers\":[" CONV(2, 2, 1) "," POOL(2, 2) ",{\"units\":1}]}",
		"{\"inputs\":64,\"layers\":[" CONV(2, 3, 2) "," POOL(2, 2) ",{\"units\":1}]}",
		"{\"inputs\":64,\"layers\":[" CONV(2, 2, 2) "," POOL(2, 1) ",{\"units\":1}]}",
		"{\"inputs\":64,\"layers\":[{\"units\":32,\"activation\":\"quadratic\"},{\"units\":8},{\"units\":1}]}",
	};
	PpdlNet    *net = parse("{\"inputs\":64,\"layers\":[" CONV(2, 2, 2) "," POOL(2, 2) ",{\"units\":1}]}"),
			   *copy;
	double	   *w = give_weights(net, 1),
				x[64],
				want,
				got;

	for (int i = 0; i < 64; i++)
		x[i] = uniform();
	OK(ppdl_net_clone(&copy, net, &err));
	assert_true(ppdl_net_is_same(net, copy));
	OK(ppdl_net_predict(net, x, &want, &err));
	OK(ppdl_net_predict(copy, x, &got, &err));
	assert_true(got == want);
	ppdl_net_destroy(copy);
	OK(ppdl_net_clone_untrained(&copy, net, &err));
	assert_int_equal(ppdl_net_check_trained(copy, &err), PPDL_ERR_ARGUMENT);
	ppdl_net_destroy(copy);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
	{
		copy = parse(other[i]);
		assert_false(ppdl_net_is_same(net, copy));
		ppdl_net_destroy(copy);
	}
	free(w);
	ppdl_net_destroy(net);
}

/* a pool in front: what has no weights is trained as well as the rest */
static void
pool_first(void **state)
{
	PpdlNet    *net = parse("{\"inputs\":16,\"layers\":[" POOL(2, 2) ",{\"units\":1}]}");
	double		w[5] = {1, 2, 3, 4, 0.5},
				back[5],
				x[16],
				out;

	for (int i = 0; i < 16; i++)
		x[i] = i / 16.0;
	assert_int_equal(ppdl_net_check_trained(net, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_net_weight_count(net), 5);
	OK(ppdl_net_set_weights(net, w, 5, &err));
	OK(ppdl_net_check_trained(net, &err));
	ppdl_net_get_weights(net, back);
	assert_memory_equal(w, back, sizeof(w));
	OK(ppdl_net_predict(net, x, &out, &err));
	/* means of the quarters are 2.5, 4.5, 10.5, 12.5 sixteenths */
	assert_true(fabs(out - ((2.5 + 2 * 4.5 + 3 * 10.5 + 4 * 12.5) / 16 + 0.5)) < 1e-14);
	ppdl_net_destroy(net);
}

static void
weights_are_located(void **state)
{
	PpdlNet    *net = parse("{\"inputs\":32,\"shape\":[2,4,4],\"bias\":false,\"layers\":[" CONV(3, 2, 1)
						",{\"units\":1}]}");
	double		w[3 * 8 + 3 + 28] = {0};
	char		what[96];

	assert_int_equal(ppdl_net_weight_count(net), 3 * 8 + 3 + 27 + 1);
	assert_int_equal(ppdl_net_set_weights(net, w, 54, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.hint, "of conv2d filters x channels x kernel x kernel, then one bias a filter"));
	w[8 + 4 + 2] = NAN;
	assert_int_equal(ppdl_net_set_weights(net, w, 55, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "weight 15 (layer 1, filter 2, channel 2, row 2, column 1) is not finite"));
	w[8 + 4 + 2] = 2000;
	OK(ppdl_net_set_weights(net, w, 55, &err));
	assert_int_equal(ppdl_net_check_range(net, &err), PPDL_ERR_RANGE);
	w[8 + 4 + 2] = 3;
	w[8 + 4 + 3] = -4;
	OK(ppdl_net_set_weights(net, w, 55, &err));
	assert_true(ppdl_net_longest_weights(net) == 5);
	w[25] = 1;
	assert_int_equal(ppdl_net_set_weights(net, w, 55, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "layer 1, bias of filter 2"));
	ppdl_layer_describe(&net->layer[0], what, sizeof(what));
	assert_string_equal(what, "conv2d, 3 filters of 2 x 2, stride 1: 3 x 3 x 3 units");
	ppdl_layer_describe(&net->layer[1], what, sizeof(what));
	assert_string_equal(what, "1 units");
	ppdl_net_destroy(net);
}

/* ---- training ---- */

/* deviations by what a unit sees */
static void
first_weights(void **state)
{
	PpdlNet    *net = parse("{\"inputs\":1024,\"layers\":[" POOL(2, 2) "," CONV(50, 4, 4) "," CONV(40, 2, 1) ",{\"units\":2}]}");
	PpdlTrainOptions opt;

	OK(ppdl_train_options_parse(&opt, "{\"init_scale\":0.6}", &err));
	OK(ppdl_net_init(net, &opt, &err));
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];
		const int	n = ppdl_layer_weight_count(layer),
					fan_in = l == 1 ? 16 : l == 2 ? 200 : 360;
		double		squares = 0;

		for (int i = 0; i < n; i++)
			squares += layer->w[i] * layer->w[i];
		for (int i = 0; i < ppdl_layer_bias_count(layer); i++)
			assert_true(layer->bias[i] == 0);
		if (l == 0)
			assert_int_equal(n, 0);
		else if (l == 3)
			assert_true(fabs(squares / n * fan_in - 1) < 1e-12);
		else
			assert_true(fabs(sqrt(squares / n * fan_in) / (l == 1 ? 0.6 : 1) - 1) < 0.1);
	}
	ppdl_net_destroy(net);
}

/* stripes across or along, at a random place, with noise: a filter sees them wherever they are */
static void
learns_stripes(void **state)
{
	enum
	{
		rows = 400, edge = 8
	};
	PpdlNet    *net = parse("{\"inputs\":64,\"layers\":[" CONV(4, 3, 1) "," POOL(6, 6) ",{\"units\":1}]}");
	PpdlTrainOptions opt;
	double	   *x = malloc(sizeof(double) * rows * edge * edge),
			   *y = malloc(sizeof(double) * rows);
	int			right = 0;

	for (int r = 0; r < rows; r++)
	{
		const double phase = 3 * uniform();

		y[r] = r % 2 ? 1 : -1;
		for (int i = 0; i < edge * edge; i++)
			x[r * edge * edge + i] = 0.6 * sin(2.1 * (r % 2 ? i % edge : i / edge) + phase) + 0.3 * uniform();
	}
	OK(ppdl_train_options_parse(&opt, "{\"steps\":150,\"batch\":50,\"learning_rate\":0.1,\"init_scale\":1}", &err));
	OK(ppdl_net_train(net, x, y, rows / 2, &opt, NULL, &err));
	for (int r = rows / 2; r < rows; r++)
	{
		double		out;

		OK(ppdl_net_predict(net, x + r * edge * edge, &out, &err));
		right += out * y[r] > 0;
	}
	printf("%d of %d right\n", right, rows / 2);
	assert_true(right > 0.95 * rows / 2);
	free(x);
	free(y);
	ppdl_net_destroy(net);
}

/* not on encrypted rows: says what can be */
static void
no_encrypted_training(void **state)
{
	static const char *const json[] = {
		"{\"inputs\":64,\"layers\":[" CONV(2, 3, 2) ",{\"units\":1}]}",
		"{\"inputs\":64,\"layers\":[" POOL(2, 2) ",{\"units\":4,\"activation\":\"quadratic\"},{\"units\":1}]}",
	};
	const PpdlParams *deep;

	OK(ppdl_params_get(PPDL_RING_DEEP, &deep, &err));
	for (int i = 0; i < 2; i++)
	{
		PpdlNet    *net = parse(json[i]);
		PpdlSlotLayout lay;

		assert_int_equal(ppdl_slot_layout(&lay, deep, net, 64, &err), PPDL_ERR_ARGUMENT);
		assert_non_null(strstr(err.message, "cannot be trained on encrypted rows"));
		assert_non_null(strstr(err.detail, i == 0 ? "Layer 1 is conv2d" : "Layer 1 is a pool"));
		assert_non_null(strstr(err.hint, "features of the images, or on 8 x 8 or 16 x 16 pixels"));
		ppdl_net_destroy(net);
	}
	/* what the hint promises */
	for (int i = 0; i < 2; i++)
	{
		PpdlNet    *net = parse(i == 0 ? "{\"inputs\":64,\"layers\":[{\"units\":15,\"activation\":\"quadratic\"},{\"units\":1}]}" :
							"{\"inputs\":256,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":1}]}");
		PpdlSlotLayout lay;

		OK(ppdl_slot_layout(&lay, deep, net, net->inputs, &err));
		ppdl_net_destroy(net);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forward),
		cmocka_unit_test(as_dense_layers),
		cmocka_unit_test(gradient),
		cmocka_unit_test(specification_round_trip),
		cmocka_unit_test(bad_specifications),
		cmocka_unit_test(same_or_not),
		cmocka_unit_test(pool_first),
		cmocka_unit_test(weights_are_located),
		cmocka_unit_test(first_weights),
		cmocka_unit_test(learns_stripes),
		cmocka_unit_test(no_encrypted_training),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
